// Where a stream to a server goes: an endpoint of the server's cluster that may be used, with the cluster's TLS. Used by load-actor.ts and
// rtds-client.ts.
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts } from "../../config/plan/endpoint-set.ts";
import type { UpstreamTlsPlan } from "../../config/plan/tls.ts";
import type { DialOptions } from "../../net/dial.ts";
import { HealthFlag, healthStatusFlags } from "../../telemetry/health-table.ts";

/**
 * The next of the healthy endpoints of the first priority that has any; of all when none is. Null: there is none. `turn` is one more each time.
 */
export function chooseServer(
  endpoints: readonly EndpointFacts[],
  flagsOf: (slot: number) => number,
  turn: number,
): EndpointFacts | null {
  const healthy = endpoints.filter(({ slot, health }) => ((flagsOf(slot) | healthStatusFlags(health)) & FAILED) === 0);
  const usable = healthy.length > 0 ? healthy : endpoints;
  const first = Math.min(...usable.map(({ priority }) => priority));
  const preferred = usable.filter(({ priority }) => priority === first);
  return preferred[turn % preferred.length] ?? null;
}

/** How it is dialled. */
export function serverTarget(cluster: ClusterPlan, { address, hostname }: EndpointFacts): DialOptions {
  const { tls, bindAddress, connectTimeoutMs } = cluster;
  const base = { address, connectTimeoutMs, bindAddress, keepaliveS: 0 };
  if (tls === null) return { ...base, tls: null, serverName: "" };
  const serverName = tls.autoHostSni && hostname !== "" ? hostname : tls.sni;
  return { ...base, tls: http2Tls(tls, cluster.autoSanValidation ? serverName : ""), serverName };
}

/** The cluster's, for HTTP/2: one object for all its streams, because net keeps sessions by it. */
function http2Tls(tls: UpstreamTlsPlan, verifiedName: string): UpstreamTlsPlan {
  const { validation } = tls;
  const byName = TLS_PLANS.get(tls) ?? new Map<string, UpstreamTlsPlan>();
  TLS_PLANS.set(tls, byName);
  const named =
    validation === null || verifiedName === ""
      ? validation
      : {
          ...validation,
          subjectAltNames: [{ type: "dns", text: { kind: "exact", value: verifiedName, ignoreCase: false } } as const],
        };
  const made = byName.get(verifiedName) ?? {
    ...tls,
    alpn: tls.alpn.length > 0 ? tls.alpn : ["h2"],
    validation: named,
  };
  byName.set(verifiedName, made);
  return made;
}

const FAILED = HealthFlag.FailedActiveHc | HealthFlag.FailedOutlierCheck | HealthFlag.FailedEdsHealth;
const TLS_PLANS: WeakMap<UpstreamTlsPlan, Map<string, UpstreamTlsPlan>> = new WeakMap();
