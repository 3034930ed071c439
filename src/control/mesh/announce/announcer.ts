// A process that only announces: it beats so that its lease holds, says what it announces, and takes it back at its end. It checks and
// serves nothing. Made by `starling announce`.
import type { Clock } from "../../../base/clock.ts";
import { Timer, type TimerWheel } from "../../../base/timer-wheel.ts";
import type { AnnouncementPlan } from "../../../config/plan/announcement.ts";
import type { Bus, BusEvent } from "../bus/bus.ts";
import type { MeshSubjects } from "../subjects.ts";
import { decode } from "../wire/decode.ts";
import { encode } from "../wire/encode.ts";
import type { Speaker } from "../wire/messages.ts";
import type { MemberId } from "./announce-effects.ts";
import { AnnounceHost } from "./announce-host.ts";

/** What an announcer stands on. */
export interface AnnouncerParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly subjects: MeshSubjects;
  readonly self: MemberId;
  readonly announce: readonly AnnouncementPlan[];
  openBus(onEvent: (event: BusEvent) => void): Bus;
  /** The bus was connected, lost, or does not permit something. */
  onBusEvent(event: BusEvent): void;
}

/** One announcing process. */
export class Announcer {
  private readonly parts: AnnouncerParts;
  private readonly bus: Bus;
  private readonly host: AnnounceHost;
  private readonly speaker: Speaker;
  private readonly beats: Timer = new Timer(() => this.beat());
  private sequence = 0;
  private beatMs = Number.NEGATIVE_INFINITY;

  constructor(parts: AnnouncerParts) {
    const { subjects, self } = parts;
    this.parts = parts;
    this.speaker = { ...self, epoch: 1 };
    this.bus = parts.openBus((event) => this.onBusEvent(event));
    this.host = new AnnounceHost({
      ...parts,
      bus: this.bus,
      isSuccessor: false,
      takesLoopback: false,
      tell: () => {},
      count: () => {},
    });
    this.host.assign([], parts.announce);
    this.bus.subscribe(subjects.hello, ({ payload }) => this.onHello(payload));
  }

  /** Withdraws what it announced, says that it is gone, and ends; the bus has what was said unless it is lost. */
  async stop(): Promise<void> {
    const { subjects, self, wheel } = this.parts;
    this.host.leave();
    this.bus.publish(subjects.beat(self.node), encode({ type: "left", ...this.speaker }));
    this.host.stop();
    wheel.remove(this.beats);
    await this.bus.close();
  }

  private onBusEvent(event: BusEvent): void {
    if (event.type === "connected") this.beat();
    if (event.type === "connected" || event.type === "disconnected") this.host.busChanged(event.type === "connected");
    this.parts.onBusEvent(event);
  }

  /** Whoever comes hears at once that this process lives, and soon what it announces. */
  private onHello(payload: Uint8Array): void {
    const decoded = decode(payload);
    if (decoded.kind !== "message") return;
    if (this.parts.clock.nowMs() - this.beatMs >= ANSWER_GAP_MS) this.beat();
    this.host.heard(decoded.message);
  }

  private beat(): void {
    const { clock, subjects, self, wheel } = this.parts;
    this.beatMs = clock.nowMs();
    this.bus.publish(
      subjects.beat(self.node),
      encode({
        type: "beat",
        ...this.speaker,
        sequence: ++this.sequence,
        phase: "serving",
        roles: [],
        zone: "",
        adminAddress: "",
        judgeAgeMs: 0,
        isResigned: false,
        reportsLoad: false,
        number: 0,
        digest: NO_ENTRIES,
        changes: [],
        epochs: [],
      }),
    );
    wheel.arm(this.beats, BEAT_MS);
  }
}

const BEAT_MS = 1_000;
/** Those of a crowd that come within this time hear one beat. */
const ANSWER_GAP_MS = 100;
/** The digest of somebody who checks nothing. */
const NO_ENTRIES = "0000000000000000";
