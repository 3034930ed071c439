// What all sockets of one thread share: time, the turn list and buffers. Made once per thread by its entry point.
import { type Clock, systemClock } from "../base/clock.ts";
import { DrivenWheel } from "../base/driven-wheel.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import { Turn } from "../base/turn.ts";
import { BufferPool } from "./buffer-pool.ts";
import { ReadLeases } from "./read-leases.ts";

/** The sockets' surroundings on one thread. */
export interface NetContext {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly turn: Turn;
  readonly buffers: BufferPool;
  readonly reads: ReadLeases;
  /** Called when a handler threw: its channel was aborted, the thread lives on. The owner counts and logs it. */
  readonly onBug: (error: unknown) => void;
}

/** Everything has a default but what is done about bugs. */
export interface NetContextOptions {
  readonly onBug: (error: unknown) => void;
  readonly clock?: Clock;
  /** Default: a wheel that turns by itself while it holds a timer. */
  readonly wheel?: TimerWheel;
  readonly turn?: Turn;
  readonly reads?: ReadLeases;
}

/** Makes the context of this thread. */
export function createNetContext(options: NetContextOptions): NetContext {
  const clock = options.clock ?? systemClock;
  return {
    clock,
    wheel: options.wheel ?? new DrivenWheel(clock),
    turn: options.turn ?? new Turn(),
    buffers: new BufferPool(),
    reads: options.reads ?? new ReadLeases(),
    onBug: options.onBug,
  };
}
