// The DNS settings of STRICT_DNS and LOGICAL_DNS clusters. Called by cluster.ts; control/discovery looks the names up.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledgeAll, child, children, flag, millis, text } from "../load/fields.ts";
import { addressText } from "../plan/address.ts";
import type { DiscoveryPlan, EndpointPlan } from "../plan/cluster.ts";
import { compileAddress } from "./address.ts";
import type { CompileContext } from "./context.ts";

/** What DNS discovery needs. */
export type DnsDiscoveryPlan = Extract<DiscoveryPlan, { kind: "strict_dns" | "logical_dns" }>;

/** Compiles the settings around the endpoints. */
export function compileDnsDiscovery(
  context: CompileContext,
  cluster: CheckedMessage,
  kind: DnsDiscoveryPlan["kind"],
  endpoints: readonly EndpointPlan[],
): DnsDiscoveryPlan {
  const refreshMs = millis(cluster, "dns_refresh_rate") ?? 5_000;
  const failure = child(cluster, "dns_failure_refresh_rate");
  const base = failure === undefined ? undefined : millis(failure, "base_interval");
  const max = failure === undefined ? undefined : millis(failure, "max_interval");
  if (failure !== undefined && base !== undefined && max !== undefined && max < base) {
    const says = "dns_failure_refresh_rate must have max_interval greater than or equal to the base_interval";
    context.error(failure, "max_interval", says);
  }
  return {
    kind,
    endpoints,
    refreshMs,
    failureRefreshBaseMs: base ?? refreshMs,
    failureRefreshMaxMs: max ?? (base === undefined ? refreshMs : base * 10),
    respectTtl: flag(cluster, "respect_dns_ttl") ?? false,
    jitterMs: millis(cluster, "dns_jitter") ?? 0,
    family: FAMILIES[text(cluster, "dns_lookup_family") ?? "AUTO"] ?? "auto",
    resolvers: resolversOf(context, cluster),
    delaysStart: flag(cluster, "wait_for_warm_on_init") ?? true,
  };
}

function resolversOf(context: CompileContext, cluster: CheckedMessage): string[] {
  const typed = child(cluster, "typed_dns_resolver_config");
  const config = typed === undefined ? undefined : child(typed, "typed_config");
  if (typed !== undefined) text(typed, "name");
  if (config !== undefined) {
    if (config.type === CARES) return addresses(context, config, "resolvers");
    acknowledgeAll(config);
    if (config.type !== GETADDRINFO && typed !== undefined) {
      const instead = "use envoy.network.dns_resolver.cares or leave it out";
      context.refuse(typed, "typed_config", `the DNS resolver ${config.type}`, instead);
    }
    return [];
  }
  const resolution = child(cluster, "dns_resolution_config");
  if (resolution !== undefined) return addresses(context, resolution, "resolvers");
  return addresses(context, cluster, "dns_resolvers");
}

function addresses(context: CompileContext, owner: CheckedMessage, field: string): string[] {
  return children(owner, field).flatMap((address) => {
    const compiled = compileAddress(context, address, "ip");
    return compiled === null ? [] : [addressText(compiled)];
  });
}

const CARES = "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig";
const GETADDRINFO = "envoy.extensions.network.dns_resolver.getaddrinfo.v3.GetAddrInfoDnsResolverConfig";

const FAMILIES: Readonly<Record<string, DnsDiscoveryPlan["family"]>> = {
  AUTO: "auto",
  V4_ONLY: "v4_only",
  V6_ONLY: "v6_only",
  V4_PREFERRED: "v4_preferred",
  ALL: "all",
};
