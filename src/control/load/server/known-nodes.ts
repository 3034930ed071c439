// The clients that were heard, by node.cluster and node.id: what the log calls the cache. Called by lrs-behaviour.ts.
import { NODES_MAX } from "./limits.ts";

/** One client. */
export interface KnownNode {
  readonly id: string;
  readonly cluster: string;
  /** Living streams. */
  readonly streams: number;
  readonly reports: number;
}

/** The cache. */
export class KnownNodes {
  private readonly nodes = new Map<string, MutableNode>();
  /** Those without a stream, in the order in which they left. */
  private readonly gone = new Set<MutableNode>();
  private readonly clusters = new Map<string, number>();

  /** Every known client. */
  all(): Iterable<KnownNode> {
    return this.nodes.values();
  }

  get size(): number {
    return this.nodes.size;
  }

  /** A client's stream begins; says whether it, or even its cluster, was unknown. */
  join(cluster: string, id: string): { readonly node: KnownNode; readonly isNew: "no" | "node" | "cluster" } {
    const key = keyOf(cluster, id);
    const held = this.nodes.get(key);
    if (held !== undefined) {
      held.streams++;
      this.gone.delete(held);
      return { node: held, isNew: "no" };
    }
    if (this.nodes.size >= NODES_MAX) this.forgetOne();
    const node = { id, cluster, streams: 1, reports: 0 };
    const siblings = this.clusters.get(cluster) ?? 0;
    this.nodes.set(key, node);
    this.clusters.set(cluster, siblings + 1);
    return { node, isNew: siblings === 0 ? "cluster" : "node" };
  }

  /** It sent a report. */
  heard({ cluster, id }: KnownNode): void {
    const node = this.nodes.get(keyOf(cluster, id));
    if (node !== undefined) node.reports++;
  }

  /** A stream of it has ended. */
  leave({ cluster, id }: KnownNode): void {
    const node = this.nodes.get(keyOf(cluster, id));
    if (node === undefined) return;
    node.streams--;
    if (node.streams === 0) this.gone.add(node);
  }

  /** There is one: streams are fewer than NODES_MAX. */
  private forgetOne(): void {
    for (const node of this.gone) {
      this.gone.delete(node);
      this.nodes.delete(keyOf(node.cluster, node.id));
      const siblings = (this.clusters.get(node.cluster) ?? 0) - 1;
      if (siblings > 0) this.clusters.set(node.cluster, siblings);
      else this.clusters.delete(node.cluster);
      return;
    }
  }
}

interface MutableNode extends KnownNode {
  streams: number;
  reports: number;
}

function keyOf(cluster: string, id: string): string {
  return JSON.stringify([cluster, id]);
}
