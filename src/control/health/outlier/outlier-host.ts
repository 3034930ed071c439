// Runs the outlier detector on the health thread: performs its effects with the shared tables, a statistics writer and the event log.
// Made by the health actor, which owns the thread's link and tells it what it hears.
import { ActorHost } from "../../../actor/actor-host.ts";
import type { TimerEffect } from "../../../actor/behaviour.ts";
import type { Clock } from "../../../base/clock.ts";
import type { Random } from "../../../base/random.ts";
import type { TimerWheel } from "../../../base/timer-wheel.ts";
import type { NodeTables } from "../../../telemetry/node-memory.ts";
import { OUTLIER } from "../../../telemetry/outlier-stats.ts";
import type { StatsWriter } from "../../../telemetry/stats-memory.ts";
import { outlierDetection } from "./outlier-behaviour.ts";
import type { OutlierEffect, OutlierMessage } from "./outlier-effects.ts";
import { emptyOutlierState, type OutlierSet, type OutlierState } from "./outlier-state.ts";

/** What the detector stands on. */
export interface OutlierHostParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly stats: StatsWriter;
  readonly tables: Pick<NodeTables, "health" | "outliers">;
  /** The newest endpoints of a cluster; they are known before the detector is told that they changed. */
  setOf(cluster: string): OutlierSet | undefined;
  /** Appends a line, its end included, to a file. */
  writeEvent(path: string, line: string): void;
}

/** Makes the detector's host: tell it messages, stop it at the end. */
export function outlierHost(parts: OutlierHostParts): ActorHost<OutlierState, OutlierMessage, OwnEffect> {
  const { clock, wheel, random, tables } = parts;
  const state = emptyOutlierState({
    random,
    table: tables.outliers,
    wallMs: () => clock.wallMs(),
    flagsOf: (slot) => tables.health.flags[slot] as number,
    setOf: (cluster) => parts.setOf(cluster),
  });
  return new ActorHost(outlierDetection, state, { clock, wheel, perform: (effect) => perform(parts, effect) });
}

type OwnEffect = Exclude<OutlierEffect, TimerEffect>;

function perform({ stats, tables, writeEvent }: OutlierHostParts, effect: OwnEffect): void {
  switch (effect.type) {
    case "change-flags":
      if (effect.raise !== 0) tables.health.set(effect.slot, effect.raise);
      if (effect.lower !== 0) tables.health.clear(effect.slot, effect.lower);
      tables.health.bump(effect.row);
      return;
    case "add": {
      const block = stats.block(OUTLIER, `cluster.${effect.statName}.outlier_detection.`);
      const at = OUTLIER.at[effect.stat];
      block[at] = (block[at] as number) + effect.amount;
      return;
    }
    case "write-event":
      writeEvent(effect.path, `${effect.text}\n`);
      return;
  }
}
