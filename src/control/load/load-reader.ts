// What this node's threads have counted of every cluster's endpoints, read from shared memory: nobody posts anything per request. Told where
// the counters lie (notices) and which endpoints there are; asked by the load reporter for what came since it last asked.
import { parseIp } from "../../base/ip-address.ts";
import type { AddressPlan } from "../../config/plan/address.ts";
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts, EndpointSetUpdate } from "../../config/plan/endpoint-set.ts";
import type { ClusterLoad, FollowedClusters } from "../../messages/load.ts";
import { DROP } from "../../telemetry/drop-stats.ts";
import { HOST } from "../../telemetry/host-stats.ts";
import { BlockView, type StatsNotice } from "../../telemetry/stats-memory.ts";
import { ClusterCounts } from "./cluster-counts.ts";

/** The counters of one node. */
export class LoadReader {
  private readonly clusters = new Map<string, ClusterCounts>();
  /** Memory of each writer's pages. */
  private readonly pages = new Map<string, SharedArrayBuffer[]>();
  /** Blocks of what clusters refuse, by cluster and writer: a cluster that comes back counts on in the same ones. */
  private readonly drops = new Map<string, Map<string, BlockView>>();
  private followed: ReadonlySet<string> | "all" = new Set();

  /**
   * Takes a configuration's clusters. One that is gone is told of until its last count was taken. `connectionClusters`: those whose
   * connections are told too.
   */
  assign(
    plans: readonly Pick<ClusterPlan, "name" | "dropOverload">[],
    connectionClusters: readonly string[] = [],
  ): void {
    const ofTcp = new Set(connectionClusters);
    const listed = new Set(plans.map(({ name }) => name));
    for (const [name, cluster] of this.clusters) if (!listed.has(name)) cluster.retire();
    for (const { name, dropOverload } of plans) {
      this.ofName(name).list(dropOverload?.category ?? "", ofTcp.has(name));
    }
    this.sweep();
  }

  /** Applies updates as a listener worker does; answers the clusters whose full set is lacking. */
  applyEndpoints(updates: readonly EndpointSetUpdate[]): readonly string[] {
    return updates.filter((update) => !this.ofName(update.cluster).apply(update)).map(({ cluster }) => cluster);
  }

  /** The endpoints of a cluster. */
  endpointsOf(cluster: string): readonly EndpointFacts[] {
    return this.clusters.get(cluster)?.listed() ?? [];
  }

  /** Takes in what a writer has told of its memory. */
  notice(writer: string, notices: readonly StatsNotice[]): void {
    for (const notice of notices) {
      switch (notice.type) {
        case "page":
          this.pagesOf(writer)[notice.page] = notice.memory;
          break;
        case "block":
          this.join(writer, notice);
          break;
        case "freed":
          this.leave(writer, notice);
          break;
        case "stat":
        case "histogram":
          break; // no load
      }
    }
  }

  /** From now on these clusters are told of: those that were not before start at zero, those that are no more are forgotten. */
  follow(clusters: FollowedClusters): void {
    this.followed = clusters === "all" ? "all" : new Set(clusters);
    for (const [name, cluster] of this.clusters) {
      if (this.follows(name) === cluster.isFollowed) continue;
      if (cluster.isFollowed) cluster.end();
      else cluster.begin();
    }
    this.sweep();
  }

  /** What every followed cluster that there is has had since the last take, or since it was first followed. */
  take(granularity: "localities" | "endpoints"): ClusterLoad[] {
    const loads: ClusterLoad[] = [];
    for (const name of this.followed === "all" ? this.clusters.keys() : this.followed) {
      const cluster = this.clusters.get(name);
      if (cluster !== undefined) loads.push(cluster.take(granularity));
    }
    this.sweep();
    return loads;
  }

  private follows(name: string): boolean {
    return this.followed === "all" || this.followed.has(name);
  }

  private ofName(name: string): ClusterCounts {
    let cluster = this.clusters.get(name);
    if (cluster === undefined) {
      cluster = new ClusterCounts(name);
      this.clusters.set(name, cluster);
      for (const [writer, view] of this.drops.get(name) ?? []) cluster.addDrops(writer, view);
      if (this.follows(name)) cluster.begin();
    }
    return cluster;
  }

  private sweep(): void {
    for (const [name, cluster] of this.clusters) if (cluster.isOver) this.clusters.delete(name);
  }

  private pagesOf(writer: string): SharedArrayBuffer[] {
    let pages = this.pages.get(writer);
    if (pages === undefined) {
      pages = [];
      this.pages.set(writer, pages);
    }
    return pages;
  }

  private join(writer: string, notice: Extract<StatsNotice, { type: "block" }>): void {
    const memory = this.pagesOf(writer)[notice.page];
    if (memory === undefined) throw new Error(`stats: ${writer} has told of no page ${notice.page}`);
    if (notice.schema === DROP.id) {
      const name = notice.prefix.slice(DROP_PREFIX.length, -1);
      const view = new BlockView(DROP, notice, memory);
      const views = this.drops.get(name) ?? new Map<string, BlockView>();
      this.drops.set(name, views.set(writer, view));
      this.clusters.get(name)?.addDrops(writer, view);
    } else if (notice.schema === HOST.id) {
      const found = this.find(notice.prefix);
      found?.cluster.join(found.text, found.address, writer, new BlockView(HOST, notice, memory));
    }
  }

  private leave(writer: string, { schema, prefix, last }: Extract<StatsNotice, { type: "freed" }>): void {
    if (schema !== HOST.id) return;
    const found = this.find(prefix);
    found?.cluster.leave(found.text, writer, last);
  }

  /** `host.<cluster>.<address>.`: both may have dots. Null: of a cluster that nobody has heard of. */
  private find(prefix: string): { cluster: ClusterCounts; text: string; address: AddressPlan } | null {
    for (let dot = prefix.indexOf(".", HOST_PREFIX.length); dot >= 0; dot = prefix.indexOf(".", dot + 1)) {
      const cluster = this.clusters.get(prefix.slice(HOST_PREFIX.length, dot));
      const text = prefix.slice(dot + 1, -1);
      const address = cluster === undefined ? null : addressOf(text);
      if (cluster !== undefined && address !== null) return { cluster, text, address };
    }
    return null;
  }
}

/** The reverse of addressText. */
function addressOf(text: string): AddressPlan | null {
  if (text.startsWith("/") || text.startsWith("@")) return { kind: "pipe", path: text, mode: 0 };
  const { host, port } = SOCKET.exec(text)?.groups ?? {};
  const plain = host?.replace(/^\[|\]$/g, "");
  if (plain === undefined || parseIp(plain) === null) return null;
  return { kind: "socket", host: plain, port: Number(port), ipv4Compat: false };
}

const HOST_PREFIX = "host.";
const DROP_PREFIX = "drop.";
const SOCKET = /^(?<host>\[.+\]|[^[\]:]+):(?<port>\d+)$/;
