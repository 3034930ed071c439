// What waits for one actor, in three lanes. The host takes from it; a full lane refuses and counts, it never grows.
import { BoundedQueue } from "../base/bounded-queue.ts";

/** Lanes from the most to the least urgent: a stop is seen before supervision (restarts, plans, timers), that before work. */
export const LANES = ["stop", "supervision", "work"] as const;

/** One of the lanes. */
export type Lane = (typeof LANES)[number];

/** Messages a lane holds at most. */
export type LaneLimits = { readonly [L in Lane]: number };

/** Few stops exist; supervision is rare; work is bounded by what a second of a busy node can bring. */
export const DEFAULT_LANE_LIMITS: LaneLimits = { stop: 4, supervision: 1_024, work: 16_384 };

/** The bounded inbox of one actor. */
export class Mailbox<Message> {
  private readonly lanes: readonly BoundedQueue<Message>[];
  private refusals = 0;

  constructor(limits: LaneLimits = DEFAULT_LANE_LIMITS) {
    this.lanes = LANES.map((lane) => new BoundedQueue<Message>(limits[lane]));
  }

  /** Messages that wait, over all lanes. */
  get size(): number {
    return this.lanes.reduce((sum, lane) => sum + lane.size, 0);
  }

  /** Messages refused so far because their lane was full. */
  get refused(): number {
    return this.refusals;
  }

  /** Appends to a lane; false when it is full. */
  offer(lane: Lane, message: Message): boolean {
    const accepted = (this.lanes[LANES.indexOf(lane)] as BoundedQueue<Message>).offer(message);
    if (!accepted) this.refusals++;
    return accepted;
  }

  /** Takes the oldest message of the most urgent lane that has one; undefined when all are empty. */
  take(): Message | undefined {
    for (const lane of this.lanes) if (lane.size > 0) return lane.take();
    return undefined;
  }
}
