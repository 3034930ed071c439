// envoy.config.endpoint.v3.ClusterLoadAssignment to endpoints. Called by cluster.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledge, child, children, count, has, oneOf, text } from "../load/fields.ts";
import type { EndpointPlan, LocalityPlan } from "../plan/cluster.ts";
import { compileAddress, type HostKind, isIpAddress } from "./address.ts";
import type { CompileContext } from "./context.ts";
import { compileEndpointCheck } from "./endpoint-check.ts";
import { compileMetadata } from "./metadata.ts";

/** Compiles the endpoints in the file's order; those with an error are said and left out. */
export function compileEndpoints(context: CompileContext, assignment: CheckedMessage, host: HostKind): EndpointPlan[] {
  acknowledge(assignment, "cluster_name");
  return children(assignment, "endpoints").flatMap((locality) => {
    const source = oneOf(locality, ["load_balancer_endpoints", "leds_cluster_locality_config"]);
    if (source !== undefined) {
      context.refuse(locality, source, "endpoints from a discovery server (LEDS)", "list them in lb_endpoints");
    }
    const shared = {
      priority: count(locality, "priority") ?? 0,
      locality: compileLocality(child(locality, "locality")),
      localityWeight: count(locality, "load_balancing_weight") ?? 0,
    };
    return children(locality, "lb_endpoints").flatMap((one) => {
      const endpoint = compileEndpoint(context, one, host);
      return endpoint === null ? [] : [{ ...endpoint, ...shared }];
    });
  });
}

/** envoy.config.core.v3.Locality; an absent one is all empty. */
export function compileLocality(locality: CheckedMessage | undefined): LocalityPlan {
  if (locality === undefined) return { region: "", zone: "", subZone: "" };
  return {
    region: text(locality, "region") ?? "",
    zone: text(locality, "zone") ?? "",
    subZone: text(locality, "sub_zone") ?? "",
  };
}

type OwnFacts = Omit<EndpointPlan, "priority" | "locality" | "localityWeight">;

function compileEndpoint(context: CompileContext, one: CheckedMessage, host: HostKind): OwnFacts | null {
  if (has(one, "endpoint_name")) {
    context.refuse(one, "endpoint_name", "named endpoints", "give the endpoint itself");
    return null;
  }
  const endpoint = child(one, "endpoint");
  const address = endpoint === undefined ? undefined : child(endpoint, "address");
  if (endpoint === undefined || address === undefined) {
    context.error(one, "", "Address must be set");
    return null;
  }
  const before = context.errors.length;
  const compiled = compileAddress(context, address, host);
  if (compiled === null) {
    if (host === "ip" && context.errors.length > before) addAdvice(context);
    return null;
  }
  const metadataMessage = child(one, "metadata");
  const metadata = metadataMessage === undefined ? {} : compileMetadata(metadataMessage);
  const balancing = metadata["envoy.lb"] as { readonly canary?: unknown } | undefined;
  const isName = compiled.kind === "socket" && !isIpAddress(compiled.host);
  return {
    address: compiled,
    hostname: text(endpoint, "hostname") || (isName ? compiled.host : ""),
    weight: count(one, "load_balancing_weight") ?? 1,
    health: HEALTH[text(one, "health_status") ?? ""] ?? "unknown",
    metadata,
    canary: balancing?.canary === true,
    check: compileEndpointCheck(context, child(endpoint, "health_check_config")),
  };
}

// Envoy adds it to whatever was wrong with an address of a static cluster.
function addAdvice(context: CompileContext): void {
  const last = context.errors.pop();
  if (last === undefined) return;
  const advice = "Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'";
  context.errors.push({ ...last, message: `${last.message}. ${advice}` });
}

const HEALTH: Readonly<Record<string, EndpointPlan["health"]>> = {
  HEALTHY: "healthy",
  UNHEALTHY: "unhealthy",
  DRAINING: "draining",
  TIMEOUT: "timeout",
  DEGRADED: "degraded",
};
