import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ModuleWatchdog, WORKERS_STUCK } from "../../src/supervisor/module-watchdog.ts";
import { createModuleWatchMemory, ModuleWatch } from "../../src/telemetry/module-watch.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** Two workers that are looked at every 100 ms. */
class Scene {
  readonly clock: VirtualClock = new VirtualClock();
  readonly workers: readonly ModuleWatch[];
  readonly ended: string[] = [];
  readonly stats: StatsWriter = new StatsWriter(() => {});

  constructor() {
    const memory = createModuleWatchMemory(2);
    this.workers = [new ModuleWatch(memory, 0), new ModuleWatch(memory, 1)];
    const [first] = this.workers as [ModuleWatch];
    new ModuleWatchdog(
      {
        wheel: this.clock.wheel,
        stats: this.stats,
        slots: () => [0, 1],
        sight: (slot) => first.sight(slot),
        end: (slot, reason) => this.ended.push(`${slot}: ${reason}`),
      },
      100,
    );
  }

  /** The loops of these workers turn, the others' stand still. */
  pass(looks: number, turning: readonly ModuleWatch[]): void {
    for (let i = 0; i < looks * 2; i++) {
      for (const worker of turning) worker.beat();
      this.clock.advanceMs(50);
    }
  }
}

describe("the watch over filter modules", () => {
  it("ends the worker that stands still inside a module, and names the module", () => {
    const scene = new Scene();
    const [one, two] = scene.workers as [ModuleWatch, ModuleWatch];
    for (const worker of [one, two]) worker.open("'idle' (/a.ts)");
    const outer = two.enter(two.open("'outer' (/o.ts)"));
    const inner = two.enter(two.open("'mine' (/m.ts)"));
    scene.pass(8, [one]);
    assert.deepEqual(scene.ended, []);
    scene.pass(6, [one]);
    assert.deepEqual(scene.ended, ["1: its loop stands still, stuck in filter module 'mine' (/m.ts)"]);
    const { values, at } = scene.stats.counter(WORKERS_STUCK);
    assert.equal(values[at], 1);
    two.leave(inner);
    assert.equal(two.sight(1).inside, "'outer' (/o.ts)");
    two.leave(outer);
    assert.equal(two.sight(1).inside, "");
  });

  it("waits longer for a worker that stands still outside of its modules, and names them all", () => {
    const scene = new Scene();
    const [one, two] = scene.workers as [ModuleWatch, ModuleWatch];
    one.open("'a' (/a.ts)");
    one.open("'b' (/b.ts)");
    scene.pass(35, [two]);
    assert.deepEqual(scene.ended, []);
    scene.pass(20, [two]);
    assert.deepEqual(scene.ended, ["0: its loop stands still, its filter modules are 'a' (/a.ts), 'b' (/b.ts)"]);
  });

  it("leaves workers without modules alone, whatever they do", () => {
    const scene = new Scene();
    scene.pass(200, []);
    assert.deepEqual(scene.ended, []);
  });
});
