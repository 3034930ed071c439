// Ends workers whose loop stands still while they run filter modules: a module that never returns holds all requests of its worker. Looks
// every half second and counts looks, not time, so that a process that was stopped does not take itself for stuck. Made by the node.
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { ModuleSight } from "../telemetry/module-watch.ts";
import { addTo } from "../telemetry/stats-add.ts";
import type { StatsWriter } from "../telemetry/stats-memory.ts";

/** What it stands on. */
export interface ModuleWatchdogParts {
  readonly wheel: TimerWheel;
  readonly stats: StatsWriter;
  /** Slots of the workers that live now. */
  slots(): readonly number[];
  sight(slot: number): ModuleSight;
  /** Ends a worker; it comes back as after any death. */
  end(slot: number, reason: string): void;
}

/** Looks again and again. */
export class ModuleWatchdog {
  private readonly parts: ModuleWatchdogParts;
  private readonly intervalMs: number;
  private readonly seen = new Map<number, { readonly beat: number; looks: number }>();
  private readonly timer: Timer = new Timer(() => this.look());

  /** `intervalMs`: between two looks, default `LOOK_INTERVAL_MS`. */
  constructor(parts: ModuleWatchdogParts, intervalMs: number = LOOK_INTERVAL_MS) {
    this.parts = parts;
    this.intervalMs = intervalMs;
    parts.wheel.arm(this.timer, intervalMs);
  }

  /** Ends the timer. */
  stop(): void {
    this.parts.wheel.remove(this.timer);
  }

  private look(): void {
    const { parts, seen } = this;
    for (const slot of parts.slots()) {
      const sight = parts.sight(slot);
      const before = seen.get(slot);
      if (before?.beat !== sight.beat || sight.modules.length === 0) seen.set(slot, { beat: sight.beat, looks: 0 });
      else if (++before.looks >= (sight.inside === "" ? LOOKS_OUTSIDE : LOOKS_INSIDE)) {
        seen.delete(slot);
        this.end(slot, sight);
      }
    }
    parts.wheel.arm(this.timer, this.intervalMs);
  }

  private end(slot: number, { inside, modules }: ModuleSight): void {
    addTo(this.parts.stats.counter(WORKERS_STUCK), 1);
    const where = inside === "" ? `its filter modules are ${modules.join(", ")}` : `stuck in filter module ${inside}`;
    this.parts.end(slot, `its loop stands still, ${where}`);
  }
}

/** Counter of the workers that were ended because of a module. */
export const WORKERS_STUCK: string = "starling.workers_stuck";
/** Default time between two looks. */
export const LOOK_INTERVAL_MS: number = 500;
/** Looks without a beat after which a worker ends when it is in a module: 5 s. */
const LOOKS_INSIDE = 10;
/** Likewise when it is not known to be in one (what a module does later, after an `await`): 20 s. */
const LOOKS_OUTSIDE = 40;
