// Somebody who looks on: prints each event of a mesh once. `starling events` is this and a bus. Publishes nothing.
import type { Clock } from "../../../base/clock.ts";
import { Timer, type TimerWheel } from "../../../base/timer-wheel.ts";
import type { Bus, BusMessage, BusSubscription } from "../bus/bus.ts";
import { ALL_MESH_BEATS, meshSubjects, meshTokenOf, token } from "../subjects.ts";
import { eventLine, readEvent } from "./read-event.ts";
import { SeenIds } from "./seen-ids.ts";

/** What it stands on. */
export interface EventWatchParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  /** An event. */
  print(line: string): void;
  /** Something about the watching itself. */
  note(line: string): void;
}

/** Whose events, in which form. */
export interface EventWatchOptions {
  readonly mesh: string;
  /** Empty: events of everything. */
  readonly cluster: string;
  readonly form: "text" | "json";
}

/** Prints from now on. */
export class EventWatch {
  private readonly parts: EventWatchParts;
  private readonly options: EventWatchOptions;
  private readonly seen: SeenIds;
  /** While nobody was heard. */
  private beats: BusSubscription | null = null;
  private readonly others = new Set<string>();
  private readonly timer: Timer = new Timer(() => this.silenceEnded());
  private isAskingAround = false;
  private badCount = 0;

  constructor(parts: EventWatchParts, options: EventWatchOptions) {
    this.parts = parts;
    this.options = options;
    this.seen = new SeenIds(parts.clock, SAME_ID_MS);
    const subjects = meshSubjects(options.mesh);
    const wanted = options.cluster === "" ? [subjects.allEvents] : subjects.eventsOfCluster(options.cluster);
    for (const subject of wanted) parts.bus.subscribe(subject, (message) => this.take(message));
  }

  /** Called when the bus is connected for the first time: says so when no node of the mesh is there. */
  lookForNodes(): void {
    this.beats = this.parts.bus.subscribe(meshSubjects(this.options.mesh).allBeats, () => this.nodesHeard());
    this.parts.wheel.arm(this.timer, SILENCE_MS);
  }

  private take(message: BusMessage): void {
    const event = readEvent(message.payload);
    if (event === null) {
      if (this.badCount++ === 0)
        this.parts.note(`not an event: a message on ${message.subject}; others like it are left out`);
      return;
    }
    const { cluster, form } = this.options;
    // Another cluster's name may make the same token.
    if (cluster !== "" && event.data["cluster"] !== cluster) return;
    if (this.seen.isNew(`${event.type} ${event.id}`)) this.parts.print(form === "json" ? event.json : eventLine(event));
  }

  private nodesHeard(): void {
    this.beats?.unsubscribe();
    this.parts.wheel.disarm(this.timer);
  }

  /** First of this mesh, then of every other: the name may be mistyped. */
  private silenceEnded(): void {
    const { bus, wheel } = this.parts;
    this.beats?.unsubscribe();
    if (this.isAskingAround) {
      const heard = this.others.size === 0 ? "" : `; there is ${[...this.others].sort().join(", ")}`;
      this.parts.note(`no node of the mesh '${this.options.mesh}' is heard${heard}`);
      return;
    }
    this.isAskingAround = true;
    this.beats = bus.subscribe(ALL_MESH_BEATS, ({ subject }) => this.heard(meshTokenOf(subject)));
    wheel.arm(this.timer, OTHERS_MS);
  }

  private heard(mesh: string): void {
    if (mesh === token(this.options.mesh)) this.nodesHeard();
    else if (this.others.size < OTHERS_COUNT_MAX) this.others.add(mesh);
  }
}

/** Two nodes may publish one event within this time. */
const SAME_ID_MS = 60_000;

/** Three beats. */
const SILENCE_MS = 3_000;
const OTHERS_MS = 1_500;
const OTHERS_COUNT_MAX = 20;
