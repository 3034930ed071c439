// Many groups and targets on a few nodes: messages are counted in bytes, as the wire has them. Judges here pass every probe in time.
import { SeededRandom } from "../../../src/base/random.ts";
import { meshState } from "../../../src/control/mesh/state/mesh-behaviour.ts";
import type { MeshEffect, MeshInput } from "../../../src/control/mesh/state/mesh-effects.ts";
import { ALL_RULES, emptyMeshState, type MeshState } from "../../../src/control/mesh/state/mesh-state.ts";
import { encode, encodeChanges } from "../../../src/control/mesh/wire/encode.ts";
import type { MeshMessage } from "../../../src/control/mesh/wire/messages.ts";
import type { CheckOrder, CheckReport } from "../../../src/messages/checking.ts";

/** What was seen. */
export interface ScaleResult {
  /** Bytes of the largest beat. */
  readonly beatBytes: number;
  /** Bytes a second that a node sends and hears when all is quiet. */
  readonly steadyBytesPerS: number;
  /** Endpoints that are not probed by as many nodes as they have owners. */
  readonly unshared: number;
  /** Of the busiest node: its endpoints over its share. */
  readonly busiest: number;
  /** Milliseconds of this machine that one step took at most while all was quiet, and all of them a second on one node. */
  readonly slowestStepMs: number;
  readonly busyMsPerS: number;
}

/** Nodes come, share the work, and then nothing happens for ten seconds. */
export function runScale(nodes: number, groups: number, targetsPerGroup: number, clockMs: () => number): ScaleResult {
  const mesh = new Mesh(nodes, groups, targetsPerGroup, clockMs);
  mesh.runMs(60_000);
  mesh.beginToCount();
  mesh.runMs(10_000);
  return mesh.result();
}

const INTERVAL_MS = 10_000;
const STEP_MS = 100;

class Mesh {
  nowMs = 0;
  readonly nodes: ScaleNode[] = [];
  readonly groups: number;
  readonly targetsPerGroup: number;
  readonly clockMs: () => number;
  beatBytes = 0;
  bytes = 0;
  private sinceMs = 0;

  constructor(nodes: number, groups: number, targetsPerGroup: number, clockMs: () => number) {
    this.groups = groups;
    this.targetsPerGroup = targetsPerGroup;
    this.clockMs = clockMs;
    for (let i = 0; i < nodes; i++) this.nodes.push(new ScaleNode(this, i));
    for (const node of this.nodes) node.start();
  }

  runMs(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += STEP_MS;
      for (const node of this.nodes) node.turn();
    }
  }

  beginToCount(): void {
    this.sinceMs = this.nowMs;
    this.bytes = 0;
    for (const node of this.nodes) node.forgetTimes();
  }

  /** Each message is sent once and heard by all others. */
  publish(from: ScaleNode, message: MeshMessage): void {
    const parts = message.type === "changes" ? encodeChanges(message) : [encode(message)];
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    this.bytes += bytes * this.nodes.length;
    if (message.type === "beat") this.beatBytes = Math.max(this.beatBytes, bytes);
    for (const node of this.nodes) if (node !== from) node.inbox.push({ type: "heard", message });
  }

  result(): ScaleResult {
    const seconds = (this.nowMs - this.sinceMs) / 1_000;
    const share = (2 * this.groups * this.targetsPerGroup) / this.nodes.length;
    const counts = new Map<number, number>();
    for (const node of this.nodes) for (const slot of node.ordered) counts.set(slot, (counts.get(slot) ?? 0) + 1);
    const shared = [...counts.values()].filter((count) => count === 2).length;
    return {
      beatBytes: this.beatBytes,
      steadyBytesPerS: this.bytes / this.nodes.length / seconds,
      unshared: this.groups * this.targetsPerGroup - shared,
      busiest: Math.max(...this.nodes.map(({ ordered }) => ordered.size)) / share,
      slowestStepMs: Math.max(...this.nodes.map(({ slowestMs }) => slowestMs)),
      busyMsPerS: Math.max(...this.nodes.map(({ busyMs }) => busyMs)) / seconds,
    };
  }
}

class ScaleNode {
  readonly inbox: MeshInput[] = [];
  readonly ordered = new Set<number>();
  slowestMs = 0;
  busyMs = 0;
  private readonly mesh: Mesh;
  private readonly state: MeshState;
  private readonly timers = new Map<string, number>();
  /** Slots by the turn in which their next probe ends. */
  private readonly due = new Map<number, number[]>();

  constructor(mesh: Mesh, index: number) {
    this.mesh = mesh;
    const identity = { node: `node-${index}.example.net`, instance: index.toString(16).padStart(32, "0") };
    const rest = {
      reportsLoad: false,
      zone: "zone-1",
      adminAddress: "192.0.2.1:9901",
      owners: 2,
      flapDamping: false,
      rules: ALL_RULES,
    };
    this.state = emptyMeshState({ ...identity, ...rest, roles: ["proxy", "health"] }, new SeededRandom(index));
  }

  start(): void {
    this.tell({ type: "started" });
    this.tell({ type: "bus-changed", isUp: true });
    for (let row = 0; row < this.mesh.groups; row++) this.tell({ type: "reported", reports: this.reportsOf(row) });
  }

  /** Everything that waits, timers, and probes that ended. */
  turn(): void {
    const { nowMs } = this.mesh;
    const reports: CheckReport[] = (this.due.get(nowMs) ?? []).flatMap((slot) => this.probe(slot));
    this.due.delete(nowMs);
    if (nowMs % 500 === 0) reports.push({ type: "judge-alive" });
    if (reports.length > 0) this.tell({ type: "reported", reports });
    for (const input of this.inbox.splice(0)) this.tell(input);
    for (const [timer, dueMs] of [...this.timers]) {
      if (dueMs > nowMs) continue;
      this.timers.delete(timer);
      this.tell({ type: "timer-fired", timer });
    }
  }

  forgetTimes(): void {
    this.slowestMs = 0;
    this.busyMs = 0;
  }

  private tell(input: MeshInput): void {
    const startMs = this.mesh.clockMs();
    const effects = meshState.step(this.state, input, this.mesh.nowMs);
    const tookMs = this.mesh.clockMs() - startMs;
    this.slowestMs = Math.max(this.slowestMs, tookMs);
    this.busyMs += tookMs;
    for (const effect of effects) this.perform(effect);
  }

  private perform(effect: MeshEffect): void {
    if (effect.type === "arm-timer") this.timers.set(effect.timer, this.mesh.nowMs + effect.delayMs);
    else if (effect.type === "publish") this.mesh.publish(this, effect.message);
    else if (effect.type === "order-checks") for (const order of effect.orders) this.obey(order);
    else if (effect.type === "request") {
      const to = this.mesh.nodes.find(({ state }) => state.self.node === effect.to);
      const [answer] = to === undefined ? [] : meshState.step(to.state, { ...effect, type: "asked" }, this.mesh.nowMs);
      const message = answer?.type === "answer" ? answer.message : null;
      this.inbox.push({ type: "answered", ask: effect.ask, message });
    }
  }

  private obey(order: CheckOrder): void {
    if (order.type === "begin-checks") {
      this.ordered.add(order.slot);
      this.probeAfter(order.slot, order.dueInMs);
    } else if (order.type === "end-checks") this.ordered.delete(order.slot);
  }

  private probe(slot: number): CheckReport[] {
    if (!this.ordered.has(slot)) return [];
    this.probeAfter(slot, INTERVAL_MS);
    const rest = { cause: "scheduled", ask: 0, reason: "", changed: false, nextInMs: INTERVAL_MS } as const;
    return [{ type: "probed", slot, passed: true, standing: "healthy", ...rest }];
  }

  private probeAfter(slot: number, ms: number): void {
    const atMs = this.mesh.nowMs + Math.max(STEP_MS, Math.ceil(ms / STEP_MS) * STEP_MS);
    const slots = this.due.get(atMs);
    if (slots === undefined) this.due.set(atMs, [slot]);
    else slots.push(slot);
  }

  private reportsOf(row: number): CheckReport[] {
    const group = (row + 1).toString(16).padStart(16, "0");
    const targets = Array.from({ length: this.mesh.targetsPerGroup }, (_, index) => {
      const slot = row * this.mesh.targetsPerGroup + index;
      return { slot, target: (slot * 7_919 + 1).toString(16).padStart(16, "0"), address: `${slot}`, standing: null };
    });
    const thresholds = { healthyThreshold: 2, unhealthyThreshold: 2, timeoutMs: 1_000 };
    const intervals = { intervalMs: INTERVAL_MS, noTrafficIntervalMs: INTERVAL_MS };
    return [
      { type: "group-added", facts: { group, cluster: `cluster-${row}`, row, ...thresholds, ...intervals } },
      { type: "targets-added", group, targets },
    ];
  }
}
