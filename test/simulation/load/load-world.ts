// A simulated world of nodes that merge their load, from one seed: traffic, a server, and what can happen to all of them.
import { SeededRandom } from "../../../src/base/random.ts";
import type { MergeEffect } from "../../../src/control/load/merge/merge-messages.ts";
import { VirtualTime } from "../mesh/virtual-time.ts";
import { LoadNetwork } from "./load-network.ts";
import { countOf } from "./sim-counters.ts";
import { SimLoadNode } from "./sim-load-node.ts";
import { SimLrsServer } from "./sim-server.ts";

/** How a world is made. */
export interface LoadWorldOptions {
  readonly seed: number;
  /** Like our server; else one of another maker. */
  readonly acks?: boolean;
  readonly intervalMs?: number;
  /** Clocks that go wrong. */
  readonly drifts?: boolean;
}

/** One world. */
export class LoadWorld {
  readonly time: VirtualTime = new VirtualTime();
  readonly random: SeededRandom;
  readonly network: LoadNetwork;
  readonly server: SimLrsServer;
  /** Processes that run, by name. */
  readonly nodes: Map<string, SimLoadNode> = new Map();
  /** All there ever were. */
  readonly lives: SimLoadNode[] = [];
  /** Batches that were cut: by instance, counts by sequence. */
  readonly cut: Map<string, Map<number, number>> = new Map();
  /** Batches, and counts that no batch has, which nobody else had when their process ended. */
  readonly diedWith: Set<string> = new Set();
  isTrafficOn = true;
  /** What nodes did, and how often. */
  readonly happened: Map<string, number> = new Map();
  onSaw: ((node: SimLoadNode, effect: MergeEffect) => void) | null = null;
  private readonly options: LoadWorldOptions;

  constructor(options: LoadWorldOptions) {
    this.options = options;
    this.random = new SeededRandom(options.seed);
    const { acks = true, intervalMs = 1_000 } = options;
    this.server = new SimLrsServer({ acks, intervalMs, clusters: ["one", "two"] });
    this.network = new LoadNetwork({ time: this.time, random: this.random, server: this.server });
  }

  /** A process starts under this name, unless one runs. */
  start(name: string): void {
    if (this.nodes.has(name)) return;
    const node = new SimLoadNode({
      name,
      instance: (this.lives.length + 1).toString(16).padStart(32, "0"),
      network: this.network,
      clusters: ["one", "two", "three"],
      clockRate: this.options.drifts === true ? 0.67 + this.random.below(84) / 100 : 1,
      clockOffsetMs: this.random.below(10_000_000),
      saw: (from, effect) => this.see(from, effect),
      stepped: (from) => this.noteBatches(from),
    });
    this.nodes.set(name, node);
    this.lives.push(node);
    this.traffic(node);
    node.start();
  }

  /** SIGKILL: what only this process had is gone. */
  crash(name: string): void {
    const node = this.nodes.get(name);
    if (node === undefined) return;
    this.nodes.delete(name);
    node.crash();
    this.mourn(node);
  }

  /** SIGTERM. */
  stop(name: string): void {
    const node = this.nodes.get(name);
    if (node === undefined) return;
    this.nodes.delete(name);
    node.stop();
  }

  /** Lets time pass. */
  runMs(ms: number): void {
    this.time.runUntil(this.time.nowMs + ms);
  }

  /** Batches that a process has, its own and others'. */
  private mourn(node: SimLoadNode): void {
    for (const key of heldBy(node)) {
      const [instance = "", sequence = "0"] = key.split(" ");
      const isThere = this.server.batches.get(instance)?.has(Number(sequence)) === true;
      const hasOther = [...this.network.nodes].some((other) => other !== node && heldBy(other).includes(key));
      if (!isThere && !hasOther) this.diedWith.add(key);
    }
  }

  private see(node: SimLoadNode, effect: MergeEffect): void {
    this.onSaw?.(node, effect);
    this.note(effect.type);
    if (effect.type === "report" && effect.report.mayRepeat) this.note("may-repeat");
    if (node.state.relays.length > 0) this.note("relay");
    if (effect.type === "stopped") this.mourn(node);
  }

  private note(what: string): void {
    this.happened.set(what, (this.happened.get(what) ?? 0) + 1);
  }

  private noteBatches({ instance, state }: SimLoadNode): void {
    const known = this.cut.get(instance) ?? new Map<number, number>();
    this.cut.set(instance, known);
    for (const { sequence, clusters } of state.queue) known.set(sequence, countOf(clusters));
  }

  /** About forty requests a second; each lasts up to two. */
  private traffic(node: SimLoadNode): void {
    const { random, time } = this;
    time.after(random.below(50), () => {
      if (this.nodes.get(node.name) !== node) return;
      const cluster = ["one", "two", "three"][random.below(3)] as string;
      if (this.isTrafficOn && !node.isPaused) {
        if (random.below(20) === 0) node.counters.drop(cluster);
        else {
          node.counters.begin(cluster);
          const how = (["success", "success", "error", "cancelled"] as const)[random.below(4)] ?? "success";
          time.after(random.below(random.below(10) === 0 ? 2_000 : 50), () => {
            if (this.nodes.get(node.name) === node) node.counters.end(cluster, how);
          });
        }
      }
      this.traffic(node);
    });
  }
}

/** Batches that a process has, as `instance sequence`. */
export function heldBy({ state, instance }: SimLoadNode): string[] {
  return [
    ...state.queue.map(({ sequence }) => `${instance} ${sequence}`),
    ...[...state.givers.values()].flatMap((giver) => giver.held.map(({ sequence }) => `${giver.instance} ${sequence}`)),
    ...state.relays.map((relay) => `${relay.instance} ${relay.batch.sequence}`),
  ];
}
