// Runs a server of load reports: performs the behaviour's effects with a gRPC server, the log and the file that reports are kept in.
// Called by the command line, on the main thread of a process that does nothing else.
import { ActorHost } from "../../../actor/actor-host.ts";
import type { TimerEffect, TimerFired } from "../../../actor/behaviour.ts";
import type { Clock } from "../../../base/clock.ts";
import { isoTime } from "../../../base/iso-time.ts";
import { Timer, type TimerWheel } from "../../../base/timer-wheel.ts";
import type { SocketAddressPlan } from "../../../config/plan/address.ts";
import type { LrsServerPlan } from "../../../config/plan/lrs-server.ts";
import { BidiServer } from "../../grpc/bidi-server.ts";
import type { AppendFile } from "./append-file.ts";
import { REQUEST_BYTES_MAX, STREAMS_PER_CONNECTION } from "./limits.ts";
import { emptyLrsState, type LrsState, loadReportServer } from "./lrs-behaviour.ts";
import type { CountedReport, LrsEffect, LrsEvent, LrsMessage } from "./lrs-events.ts";
import { LRS_METHOD, readLoadMessage, writeAsk } from "./read-message.ts";

/** What it stands on. */
export interface LrsServerParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  /** Where counted reports are kept; null: nowhere. */
  readonly file: AppendFile | null;
  /** Writes one line of the log. */
  tell(event: LrsEvent): void;
}

/** A running server. */
export class LrsServer {
  /** What it knows, for the pages. */
  readonly state: LrsState = emptyLrsState();
  /** Reports that could not be kept. */
  keepFailures: number = 0;
  private readonly parts: LrsServerParts;
  private readonly host: ActorHost<LrsState, Exclude<LrsMessage, TimerFired>, Exclude<LrsEffect, TimerEffect>>;
  private readonly server: BidiServer<null>;
  private wasKept = true;

  constructor(parts: LrsServerParts) {
    this.parts = parts;
    const { clock, wheel } = parts;
    this.host = new ActorHost(loadReportServer, this.state, {
      clock,
      wheel,
      perform: (effect) => this.perform(effect),
    });
    this.server = new BidiServer(
      {
        opened: (stream, _, peer) => void this.host.tell({ type: "stream-opened", stream, peer }),
        requested: (stream, bytes) =>
          void this.host.tell({ type: "requested", stream, message: readLoadMessage(bytes) }),
        closed: (stream) => void this.host.tell({ type: "stream-closed", stream }),
      },
      [{ path: LRS_METHOD, how: null }],
      { requestBytesMax: REQUEST_BYTES_MAX, streamsPerConnection: STREAMS_PER_CONNECTION, headers: HEADERS },
    );
  }

  /** Counts what an earlier life has kept, and says so. */
  restore(file: AppendFile): void {
    const unreadable = file.restore((report) => this.host.tell({ type: "restored", report }));
    const { reports_restored: reports } = this.state.counts;
    const rest = unreadable === 0 ? "" : `; ${unreadable} lines of it are no reports`;
    if (reports + unreadable > 0) this.note(`Counting goes on after ${reports} reports in ${file.path}${rest}`);
  }

  /** Answers with the port; rejects with what is wrong with the address. */
  listen(address: Pick<SocketAddressPlan, "host" | "port">): Promise<number> {
    return this.server.listen(address);
  }

  /** What is asked for from now on; clients that are asked for something else are told. */
  assign(plan: LrsServerPlan): void {
    this.host.tell({ type: "plan-assigned", plan });
  }

  /** Ends every stream as done, and what does not end with it a moment later. */
  async stop(): Promise<void> {
    const deadline = new Timer(() => this.server.destroy());
    this.parts.wheel.arm(deadline, CLOSE_MS);
    await this.server.close();
    this.parts.wheel.remove(deadline);
    this.host.stop();
  }

  private perform(effect: Exclude<LrsEffect, TimerEffect>): void {
    switch (effect.type) {
      case "respond": {
        const { stream } = effect;
        this.server.send(stream, writeAsk(effect.ask), () => void this.host.tell({ type: "written", stream }));
        return;
      }
      case "end-stream":
        this.server.refuse(effect.stream, effect.code, effect.text);
        return;
      case "keep":
        this.keep(effect.report);
        return;
      case "tell":
        this.parts.tell(effect.event);
        return;
    }
  }

  /** Said once for each row of failures. */
  private keep(report: CountedReport): void {
    const { file, clock } = this.parts;
    if (file === null) return;
    const fault = file.append(isoTime(clock.wallMs()), report);
    if (fault !== null) {
      this.keepFailures++;
      if (this.wasKept) this.note(`Cannot append to ${file.path}: ${fault}; reports are counted and not kept`);
    } else if (!this.wasKept) this.note(`Reports are kept again in ${file.path}`);
    this.wasKept = fault === null;
  }

  private note(text: string): void {
    this.parts.tell({ type: "note", text });
  }
}

/** Tells clients of Starling whom they speak to. */
const HEADERS = { "starling-lrs": "1" };
const CLOSE_MS = 500;
