// Where the connections of a probe go and with which TLS. Used by endpoint-probe.ts, once per target.
import type { AddressPlan } from "../../../config/plan/address.ts";
import type { EndpointFacts } from "../../../config/plan/endpoint-set.ts";
import type { HealthCheckPlan } from "../../../config/plan/health-check.ts";
import type { UpstreamTlsPlan } from "../../../config/plan/tls.ts";
import type { DialOptions } from "../../../net/dial.ts";
import type { ProbeTarget } from "../probe.ts";

/** What a probe dials. The probe's own deadline covers the connection and its handshake. */
export function probeRoute({ cluster, endpoint, check }: ProbeTarget): DialOptions {
  const { tls, bindAddress } = cluster;
  return {
    address: probeAddress(endpoint, check.altPort),
    tls: tls === null ? null : probeTls(tls, check),
    serverName: tls === null ? "" : tls.autoHostSni && endpoint.hostname !== "" ? endpoint.hostname : tls.sni,
    connectTimeoutMs: Number.POSITIVE_INFINITY,
    bindAddress,
    keepaliveS: 0,
  };
}

/** The endpoint's own health_check_config, else the check's port, else where its traffic goes. */
function probeAddress({ address, check }: EndpointFacts, altPort: number): AddressPlan {
  if (address.kind === "pipe") return address;
  const host = check.address || address.host;
  const port = check.port || altPort || address.port;
  return host === address.host && port === address.port ? address : { ...address, host, port };
}

/** The cluster's TLS with the protocols that a check offers: one object for all its probes, because net keeps sessions by it. */
function probeTls(tls: UpstreamTlsPlan, check: HealthCheckPlan): UpstreamTlsPlan {
  const alpn = offeredProtocols(tls, check);
  const byAlpn = TLS_PLANS.get(tls) ?? new Map<string, UpstreamTlsPlan>();
  TLS_PLANS.set(tls, byAlpn);
  const key = alpn.join();
  const made = byAlpn.get(key) ?? { ...tls, alpn };
  byAlpn.set(key, made);
  return made;
}

/** The check's own; else of the cluster's the one that the check speaks, lest the endpoint choose the other. */
function offeredProtocols(tls: UpstreamTlsPlan, { alpn, checker }: HealthCheckPlan): readonly string[] {
  if (alpn.length > 0) return alpn;
  if (checker.kind === "tcp" || (checker.kind === "http" && checker.usesAlpn)) return tls.alpn;
  const spoken = checker.kind === "http" && checker.codec === "http1" ? "http/1.1" : "h2";
  return tls.alpn.length === 0 || tls.alpn.includes(spoken) ? [spoken] : tls.alpn;
}

const TLS_PLANS: WeakMap<UpstreamTlsPlan, Map<string, UpstreamTlsPlan>> = new WeakMap();
