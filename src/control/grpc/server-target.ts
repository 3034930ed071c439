// Where a stream to a server goes: an endpoint of the server's cluster that may be used, with the cluster's TLS. Used by load-actor.ts,
// rtds-client.ts and collectors of telemetry.
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

/** How it is dialled. `protocol`: what is spoken to it, and so what TLS offers. */
export function serverTarget(
  cluster: ClusterPlan,
  { address, hostname }: EndpointFacts,
  protocol: ServerProtocol = "http2",
): DialOptions {
  const { tls, bindAddress, connectTimeoutMs } = cluster;
  const base = { address, connectTimeoutMs, bindAddress, keepaliveS: 0 };
  if (tls === null) return { ...base, tls: null, serverName: "" };
  const serverName = tls.autoHostSni && hostname !== "" ? hostname : tls.sni;
  return { ...base, tls: tlsFor(tls, cluster.autoSanValidation ? serverName : "", protocol), serverName };
}

type ServerProtocol = "http1" | "http2";

/** The cluster's, for this protocol: one object for all its connections, because net keeps sessions by it. */
function tlsFor(tls: UpstreamTlsPlan, verifiedName: string, protocol: ServerProtocol): UpstreamTlsPlan {
  const { alpn, validation } = tls;
  const offered = OFFERED[protocol];
  const made = TLS_PLANS.get(tls) ?? new Map<string, UpstreamTlsPlan>();
  TLS_PLANS.set(tls, made);
  const key = `${offered} ${verifiedName}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const named =
    validation === null || verifiedName === ""
      ? validation
      : {
          ...validation,
          subjectAltNames: [{ type: "dns", text: { kind: "exact", value: verifiedName, ignoreCase: false } } as const],
        };
  // Of several that the cluster has, a server would choose its own favourite.
  const only = alpn.length === 0 || alpn.includes(offered) ? [offered] : alpn;
  const plan = { ...tls, alpn: only, validation: named };
  made.set(key, plan);
  return plan;
}

const FAILED = HealthFlag.FailedActiveHc | HealthFlag.FailedOutlierCheck | HealthFlag.FailedEdsHealth;
const OFFERED = { http1: "http/1.1", http2: "h2" } as const;
const TLS_PLANS: WeakMap<UpstreamTlsPlan, Map<string, UpstreamTlsPlan>> = new WeakMap();
