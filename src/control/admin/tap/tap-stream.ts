// One reader of /tap: requests as lines of JSON or as server-sent events, as fast as it reads. What it does not read in time is dropped and
// counted; one that does not read at all is cut off.
import { Timer, type TimerWheel } from "../../../base/timer-wheel.ts";
import type { TappedRequest } from "../../../telemetry/request-watch.ts";
import type { EventSink } from "../dashboard/event-stream.ts";
import type { TapAsk } from "./tap-terms.ts";
import type { TapReader, WatchDesk } from "./watch-desk.ts";

/** Where it goes: an HTTP response. */
export interface TapSink extends EventSink {
  end(text: string): unknown;
}

/** How it is written. */
export type TapForm = "events" | "lines";

/** A tap that is read. */
export class TapStream implements TapReader {
  private readonly sink: TapSink;
  private readonly wheel: TimerWheel;
  private readonly form: TapForm;
  private readonly beat: Timer = new Timer(() => this.onBeat());
  private left: number;
  private beatsLeft: number;
  private dropped = 0;
  private toldDropped = 0;
  private fullBeats = 0;
  private leave: (() => void) | null = null;

  constructor(sink: TapSink, wheel: TimerWheel, form: TapForm, ask: TapAsk) {
    this.sink = sink;
    this.wheel = wheel;
    this.form = form;
    this.left = ask.count;
    this.beatsLeft = Math.ceil(ask.ms / BEAT_MS);
  }

  /** Begins; false: there are too many, and nothing was written. */
  begin(desk: WatchDesk, { terms }: TapAsk, onTaken: () => void): boolean {
    this.leave = desk.open(terms, this);
    if (this.leave === null) return false;
    onTaken();
    this.sink.once("close", () => this.close());
    this.wheel.arm(this.beat, BEAT_MS);
    return true;
  }

  take(slot: number, requests: readonly TappedRequest[], dropped: number): void {
    this.dropped += dropped;
    if (this.leave === null) return;
    if (this.sink.writableLength > BACKLOG_BYTES_MAX) {
      this.dropped += requests.length;
      return;
    }
    const shown = requests.slice(0, this.left);
    this.left -= shown.length;
    if (shown.length > 0) this.sink.write(shown.map((one) => this.line("request", { worker: slot, ...one })).join(""));
    if (this.left <= 0) this.finish("so many requests were asked for");
  }

  private onBeat(): void {
    const isFull = this.sink.writableLength > BACKLOG_BYTES_MAX;
    this.fullBeats = isFull ? this.fullBeats + 1 : 0;
    if (this.fullBeats >= FULL_BEATS_MAX) {
      this.close();
      this.sink.destroy();
      return;
    }
    if (!isFull) this.tellDropped();
    if (--this.beatsLeft <= 0) this.finish("its time is over: ask again");
    else this.wheel.arm(this.beat, BEAT_MS);
  }

  /** Or a sign of life: whoever forwards would take silence for death. */
  private tellDropped(): void {
    if (this.dropped === this.toldDropped) this.sink.write(this.form === "events" ? ": alive\n\n" : "\n");
    else this.sink.write(this.line("dropped", { dropped: this.dropped }));
    this.toldDropped = this.dropped;
  }

  private finish(reason: string): void {
    this.close();
    this.sink.end(this.line("over", { over: reason, dropped: this.dropped }));
  }

  private line(event: string, data: object): string {
    const text = JSON.stringify(data);
    return this.form === "events" ? `event: ${event}\ndata: ${text}\n\n` : `${text}\n`;
  }

  private close(): void {
    this.wheel.remove(this.beat);
    this.leave?.();
    this.leave = null;
  }
}

/** What a reader may leave unread. */
export const BACKLOG_BYTES_MAX = 262_144;
const BEAT_MS = 2_000;
const FULL_BEATS_MAX = 5;
