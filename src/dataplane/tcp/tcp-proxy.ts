// One TCP proxy of one listener as one worker runs it: its plan made ready, its counters and its logs. Connections point to the one they
// began with. Made by listener-service.ts.
import { Bits64 } from "../../base/bits64.ts";
import type { TcpProxyPlan } from "../../config/plan/tcp-proxy.ts";
import { QUEUED_HIGH_BYTES } from "../../protocol/message.ts";
import { TCP } from "../../telemetry/tcp-stats.ts";
import { hashAddress } from "../routing/hash-policy.ts";
import { OpenLogs } from "../routing/open-logs.ts";
import type { Cluster } from "../upstream/upstream.ts";
import type { WorkerServices } from "../worker-services.ts";

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
  private readonly totalWeight: number;

  /** Throws when an access log cannot be opened. */
  constructor(services: WorkerServices, plan: TcpProxyPlan, bufferBytesMax: number) {
    this.plan = plan;
    this.services = services;
    this.stats = services.stats.block(TCP, `tcp.${plan.statPrefix}.`);
    this.bufferBytesMax = bufferBytesMax;
    this.highDown = highMark(bufferBytesMax);
    this.logs = new OpenLogs(plan.accessLogs, services);
    this.totalWeight = plan.clusters.reduce((sum, { weight }) => sum + weight, 0);
  }

  /** The cluster of a new connection, by weight; null when the configuration has none of its name. */
  chooseCluster(): Cluster | null {
    const { random, upstreams } = this.services;
    let at = this.plan.clusters.length === 1 ? 0 : random.below(this.totalWeight);
    for (const { name, weight } of this.plan.clusters) {
      if (at < weight) return upstreams.cluster(name);
      at -= weight;
    }
    return null;
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
