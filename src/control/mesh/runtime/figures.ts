// What nodes have counted of watched clusters: each says its totals twice a second, and every node keeps them, so that whoever comes to drive a ramp
// knows the past. Called by runtime-behaviour.ts and ramps.ts.
import type { ClusterFigures } from "../../../messages/mesh-runtime.ts";
import { figuresSince, sumFigures } from "./guard.ts";
import type { RuntimeEffect } from "./runtime-effects.ts";
import type { RuntimeSpeaker, RuntimeWord } from "./runtime-messages.ts";
import { WINDOW_MS_MAX } from "./runtime-record.ts";
import { livingPeers, type RuntimeState, type Sample } from "./runtime-state.ts";

/** Takes in what a node has counted. */
export function hearFigures(
  state: RuntimeState,
  message: RuntimeSpeaker & Extract<RuntimeWord, { type: "figures" }>,
  nowMs: number,
): void {
  const { cluster, node, instance, sequence, requests, errors, latencies } = message;
  if (!state.watched.includes(cluster)) return;
  const lines = state.lines.get(cluster) ?? new Map();
  state.lines.set(cluster, lines);
  const sample: Sample = { atMs: nowMs, figures: { requests, errors, latencies } };
  const line = lines.get(node);
  if (line === undefined || line.instance !== instance) {
    if (line === undefined && lines.size >= NODES_MAX) return;
    lines.set(node, { instance, sequence, first: sample, recent: [sample] });
    return;
  }
  if (sequence <= line.sequence) return;
  line.sequence = sequence;
  line.recent.push(sample);
  while (line.recent.length > SAMPLES_MAX || nowMs - (line.recent[0] as Sample).atMs > WINDOW_MS_MAX)
    line.recent.shift();
}

/** Follows the clusters of the guards that run. */
export function watch(state: RuntimeState): RuntimeEffect[] {
  const running = [...state.records.values()].filter(({ record }) => record.phase === "running");
  const names = running.flatMap(({ record }) => record.guards.map(({ cluster }) => cluster));
  const clusters = [...new Set(names)].sort();
  if (clusters.join("\n") === state.watched.join("\n")) return [];
  state.watched = clusters;
  for (const cluster of [...state.lines.keys()]) if (!clusters.includes(cluster)) state.lines.delete(cluster);
  return [{ type: "watch-clusters", clusters }];
}

/** Nodes that are there and have not said lately what they count; of this node it is its main thread. */
export function silentNodes(state: RuntimeState, cluster: string, nowMs: number): string[] {
  const lines = state.lines.get(cluster);
  return [state.self, ...livingPeers(state, nowMs)]
    .filter(({ node, instance }) => {
      const line = lines?.get(node);
      return line?.instance !== instance || nowMs - (line.recent.at(-1) ?? line.first).atMs > FRESH_MS;
    })
    .map(({ node }) => node)
    .sort();
}

/** What all of them counted since this time, or since they were first heard. */
export function figuresFrom(state: RuntimeState, cluster: string, sinceMs: number): ClusterFigures {
  const lines = [...(state.lines.get(cluster)?.values() ?? [])];
  return sumFigures(
    lines.map(({ first, recent }) => {
      const last = recent.at(-1) ?? first;
      const start = recent.findLast(({ atMs }) => atMs <= sinceMs) ?? first;
      return figuresSince(last.figures, start.figures);
    }),
  );
}

const NODES_MAX = 4_096;
/** Two a second of the longest window. */
const SAMPLES_MAX = 1_200;
/** Six words that are missed. */
const FRESH_MS = 3_000;
