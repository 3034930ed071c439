// One TCP proxy of one listener as one worker runs it: its plan made ready, its counters and its logs. Connections point to the one they
// began with. Made by listener-service.ts.
import { Bits64 } from "../../base/bits64.ts";
import type { FilterChainPlan, ListenerPlan } from "../../config/plan/listener.ts";
import type { TcpClusterPlan, TcpProxyPlan } from "../../config/plan/tcp-proxy.ts";
import { QUEUED_HIGH_BYTES } from "../../protocol/message.ts";
import { OpenLogs } from "../../telemetry/open-logs.ts";
import { TCP } from "../../telemetry/tcp-stats.ts";
import { hashAddress } from "../routing/hash-policy.ts";
import type { Cluster } from "../upstream/upstream.ts";
import type { WorkerServices } from "../worker-services.ts";

/** Where a connection goes. */
export interface TcpTarget extends Pick<TcpClusterPlan, "metadataMatch"> {
  /** Null: the configuration has none of its name. */
  readonly cluster: Cluster | null;
}

/** A TCP proxy ready for connections. */
export class TcpProxy {
  readonly plan: TcpProxyPlan;
  readonly services: WorkerServices;
  /** TCP block, `tcp.<stat_prefix>.`. */
  readonly stats: Float64Array;
  /** per_connection_buffer_limit_bytes of the listener. */
  readonly bufferBytesMax: number;
  /** From how many bytes on that wait for a client its endpoint is paused. */
  readonly highDown: number;
  readonly logs: OpenLogs;
  /** The filter chain that it ends, and its listener, as formats tell of them. */
  readonly chain: Pick<FilterChainPlan, "name" | "metadata">;
  readonly listenerMetadata: ListenerPlan["metadata"];
  private readonly totalWeight: number;

  /** Throws when an access log cannot be opened. */
  constructor(
    services: WorkerServices,
    plan: TcpProxyPlan,
    listener: Pick<ListenerPlan, "perConnectionBufferBytesMax" | "metadata">,
    chain: Pick<FilterChainPlan, "name" | "metadata">,
  ) {
    const bufferBytesMax = listener.perConnectionBufferBytesMax;
    this.chain = chain;
    this.listenerMetadata = listener.metadata;
    this.plan = plan;
    this.services = services;
    this.stats = services.stats.block(TCP, `tcp.${plan.statPrefix}.`);
    this.bufferBytesMax = bufferBytesMax;
    this.highDown = highMark(bufferBytesMax);
    this.logs = new OpenLogs(plan.accessLogs, services);
    this.totalWeight = plan.clusters.reduce((sum, { weight }) => sum + weight, 0);
  }

  /** Where a new connection goes, by weight. */
  choose(): TcpTarget {
    const { random, upstreams } = this.services;
    let at = this.plan.clusters.length === 1 ? 0 : random.below(this.totalWeight);
    for (const { metadataMatch, name, weight } of this.plan.clusters) {
      if (at < weight) return { cluster: upstreams.cluster(name), metadataMatch };
      at -= weight;
    }
    return { cluster: null, metadataMatch: null };
  }

  /** What hashing balancers choose the endpoint of a client by; null: chance. */
  hashOf(address: string): Bits64 | null {
    if (!this.plan.hashesSource) return null;
    const bits = new Bits64();
    return hashAddress(address, bits) ? bits : null;
  }

  /** How long a connection may last; Infinity: for ever. */
  durationMs(): number {
    const { durationMaxMs, durationJitterPercent } = this.plan;
    const jitterMs = durationMaxMs === Number.POSITIVE_INFINITY ? 0 : (durationMaxMs * durationJitterPercent) / 100;
    return durationMaxMs + (jitterMs >= 1 ? this.services.random.below(Math.floor(jitterMs)) : 0);
  }

  /** The pause before a further attempt, of which so many have failed: random and growing; 0: none. */
  backOffMs(failed: number): number {
    const { connectBackOffBaseMs, connectBackOffMaxMs } = this.plan;
    if (connectBackOffBaseMs === 0) return 0;
    return this.services.random.below(
      Math.min(connectBackOffMaxMs, connectBackOffBaseMs * 2 ** Math.min(failed - 1, 32)),
    );
  }
}

/** From how many queued bytes on the other side's source is paused. */
export function highMark(bufferBytesMax: number): number {
  return Math.min(QUEUED_HIGH_BYTES, bufferBytesMax);
}
