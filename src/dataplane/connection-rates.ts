// Token buckets that new connections of a filter chain take from, before their handshake and before anybody serves them
// (envoy.filters.network.local_ratelimit). Made by listener-set.ts for the plan of a listener; asked once for every connection.
import type { ConnectionRatePlan, FilterChainPlan, ListenerPlan } from "../config/plan/listener.ts";
import { runtimeFlag } from "../config/plan/runtime.ts";
import { HTTP } from "../telemetry/http-stats.ts";
import { addTo, count } from "../telemetry/stats-add.ts";
import type { StatSlot } from "../telemetry/stats-memory.ts";
import { TCP } from "../telemetry/tcp-stats.ts";
import { TokenBucket } from "./filters/local-ratelimit/token-bucket.ts";
import type { WorkerServices } from "./worker-services.ts";

/** The limits of one listener's chains. */
export class ConnectionRates {
  private readonly services: WorkerServices;
  /** Chains without a limit are not in it. */
  private readonly gates = new Map<FilterChainPlan, readonly Gate[]>();

  /** Throws when the plan's buckets have no memory. */
  constructor(services: WorkerServices, { defaultFilterChain, filterChains }: ListenerPlan) {
    this.services = services;
    for (const chain of [...filterChains, defaultFilterChain]) {
      if (chain === null || chain.rates.length === 0) continue;
      const gates = chain.rates.map((plan) => gateOf(plan, services));
      this.gates.set(chain, gates);
    }
  }

  /** Whether a connection may go on; who may not is counted where Envoy counts it. */
  admits(chain: FilterChainPlan): boolean {
    const gates = this.gates.size === 0 ? undefined : this.gates.get(chain);
    if (gates === undefined) return true;
    const { clock, runtime, sharedOffsetMs, stats } = this.services;
    for (const { bucket, limited, plan } of gates) {
      if (!runtimeFlag(runtime, plan.runtimeKey, plan.isEnabled)) continue;
      if (bucket.take(clock.nowMs() + sharedOffsetMs, 1)) continue;
      addTo(limited, 1);
      const { filter } = chain;
      if (filter.kind === "tcp") count(stats.block(TCP, `tcp.${filter.statPrefix}.`), TCP.at.downstream_cx_total);
      else {
        const block = stats.block(HTTP, `http.${filter.statPrefix}.`);
        for (const at of UNSERVED) count(block, at);
      }
      return false;
    }
    return true;
  }
}

interface Gate {
  readonly plan: ConnectionRatePlan;
  readonly bucket: TokenBucket;
  readonly limited: StatSlot;
}

function gateOf(plan: ConnectionRatePlan, { rateBuckets, stats }: WorkerServices): Gate {
  const memory = rateBuckets.get(plan.bucketKey);
  if (memory === undefined) throw new Error(`no memory for the rate limit ${plan.bucketKey}`);
  const limited = stats.counter(`local_rate_limit.${plan.statPrefix}.rate_limited`);
  return { plan, bucket: new TokenBucket(plan.bucket, new BigInt64Array(memory), 0), limited };
}

const { downstream_cx_total, downstream_cx_destroy, downstream_cx_destroy_local } = HTTP.at;
const UNSERVED: readonly number[] = [downstream_cx_total, downstream_cx_destroy, downstream_cx_destroy_local];
