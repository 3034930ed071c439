// The TCP check with texts: sends its own, looks for the expected ones in whatever comes. Made by endpoint-probe.ts per connection.
import type { TcpCheckPlan } from "../../../config/plan/health-check.ts";
import type { Channel } from "../../../net/channel.ts";
import { ANSWER_BYTES_MAX, UNASKED_BYTES_MAX } from "./limits.ts";
import { SUCCESS } from "./outcomes.ts";
import type { Talk, TalkOwner } from "./talk.ts";
import { TextSearch } from "./text-search.ts";

/** The talk over one connection. */
export class TcpTalk implements Talk {
  private readonly channel: Channel;
  private readonly plan: TcpCheckPlan;
  private readonly owner: TalkOwner;
  private readonly search: TextSearch;
  private isAsked = false;
  private hasBegun = false;
  /** Bytes of the answer so far. */
  private read = 0;
  private isOver = false;
  /** Bytes that came without a question. */
  private unasked = 0;

  constructor(channel: Channel, plan: TcpCheckPlan, owner: TalkOwner) {
    this.channel = channel;
    this.plan = plan;
    this.owner = owner;
    this.search = new TextSearch(plan.receive, Number.POSITIVE_INFINITY);
  }

  canAsk(): boolean {
    return !this.isOver && !this.isAsked;
  }

  ask(): void {
    const { send } = this.plan;
    this.search.begin();
    this.isAsked = true;
    this.hasBegun = false;
    this.read = 0;
    this.unasked = 0;
    if (send.length > 0) this.channel.writeThrough(send, 0, send.length);
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    if (!this.isAsked) {
      this.unasked += end - start;
      this.isOver = this.unasked > UNASKED_BYTES_MAX;
      return;
    }
    this.hasBegun = true;
    this.search.feed(bytes, start, end);
    if (this.search.isDone) {
      this.isAsked = false;
      this.owner.onAnswer(SUCCESS);
      return;
    }
    this.read += end - start;
    if (this.read > ANSWER_BYTES_MAX) this.lost(`no expected text in ${ANSWER_BYTES_MAX} bytes`);
  }

  receiveEnd(): void {
    this.lost(`connection closed ${this.hasBegun ? "before the expected text" : "without an answer"}`);
  }

  lost(reason: string): void {
    this.isOver = true;
    if (!this.isAsked) return;
    this.isAsked = false;
    this.owner.onNoAnswer(reason, !this.hasBegun);
  }

  onDrain(): void {
    // What is sent was handed over as a whole.
  }
}
