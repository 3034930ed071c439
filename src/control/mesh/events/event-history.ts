// The newest events of the mesh that this node has heard since its mesh actor began, its own included: for whoever looks later. Used by the
// mesh actor.
import type { Clock } from "../../../base/clock.ts";
import type { HeardEvent } from "../../../messages/mesh-view.ts";
import { eventWords, type ReadEvent } from "./read-event.ts";
import { SeenIds } from "./seen-ids.ts";

/** Bounded; each event is in it once, whoever published it. */
export class EventHistory {
  private readonly clock: Clock;
  private readonly seen: SeenIds;
  private readonly events: HeardEvent[] = [];
  private count = 0;

  constructor(clock: Clock) {
    this.clock = clock;
    this.seen = new SeenIds(clock, SAME_ID_MS, IDS_MAX);
  }

  /** Somebody published it. */
  take(event: ReadEvent): void {
    if (!this.seen.isNew(`${event.type} ${event.id}`)) return;
    this.events.push({ number: ++this.count, wallMs: Math.round(this.clock.wallMs()), ...eventWords(event) });
    if (this.events.length > EVENTS_MAX) this.events.shift();
  }

  /** Oldest first. */
  recent(): readonly HeardEvent[] {
    return this.events;
  }
}

/** Two nodes may publish one event within this time. */
const SAME_ID_MS = 60_000;
const IDS_MAX = 2_000;
const EVENTS_MAX = 200;
