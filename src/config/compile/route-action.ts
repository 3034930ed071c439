// envoy.config.route.v3.RouteAction to ForwardPlan: which cluster, timeouts, rewrites, retries. Called by route.ts.

import { wireText } from "../../base/wire-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, flag, has, millis, oneOf, text } from "../load/fields.ts";
import type { MirrorPlan } from "../plan/mirror.ts";
import type { RetryPlan } from "../plan/retry.ts";
import type { ClusterChoicePlan, ForwardPlan, KeptBodyPlan, RewritePlan, WeightedClusterPlan } from "../plan/route.ts";
import type { MetadataMatchPlan } from "../plan/subset.ts";
import type { CompileContext } from "./context.ts";
import { compileFilterOverrides } from "./filter-overrides.ts";
import { compileHashPolicy } from "./hash-policy.ts";
import { compileHeaderChanges } from "./header-changes.ts";
import { compileInternalRedirect } from "./internal-redirect.ts";
import { compileRegexRewrite } from "./match.ts";
import { compileMirrors } from "./mirror.ts";
import { compileRatePolicies } from "./rate-limit.ts";
import { compileRetry, refuseHedging } from "./retry.ts";
import { compileMetadataMatch } from "./subsets.ts";
import { timeoutMs } from "./timeout-ms.ts";
import { compileRouteUpgrades } from "./upgrade.ts";

/** What a route has from the levels above it. */
export interface RouteScope {
  /** Whether a route to a cluster that the file does not have is an error: validate_clusters. */
  readonly validateClusters: boolean;
  /** The virtual host's retry policy. */
  readonly retry: RetryPlan | null;
  /** Of the virtual host, then of the route. */
  readonly keptBody: KeptBodyPlan;
  /** request_mirror_policies of the virtual host or the route configuration. */
  readonly mirrors: readonly MirrorPlan[];
  /** max_direct_response_body_size_bytes. */
  readonly directBodyBytesMax: number;
  /** Whether the route's splits keep users where they are. */
  readonly isSticky: boolean;
  /** Names of the manager's HTTP filters. */
  readonly filterNames: ReadonlySet<string>;
  /** Whether one of them acts on rate_limits. */
  readonly limitsRates: boolean;
}

/** Compiles a RouteAction. */
export function compileForward(context: CompileContext, action: CheckedMessage, scope: RouteScope): ForwardPlan {
  const duration = child(action, "max_stream_duration");
  const retry = child(action, "retry_policy");
  refuseHedging(context, action);
  const metadataMatch = compileMetadataMatch(action, null);
  const notFound = text(action, "cluster_not_found_response_code") ?? "SERVICE_UNAVAILABLE";
  return {
    kind: "forward",
    cluster: clusterChoice(context, action, scope, metadataMatch),
    clusterNotFoundStatus: NOT_FOUND_STATUS[notFound] ?? 503,
    timeoutMs: routeTimeoutMs(context, action, duration !== undefined),
    idleTimeoutMs: timeoutMs(action, "idle_timeout", -1),
    streamDurationMaxMs: duration === undefined ? -1 : timeoutMs(duration, "max_stream_duration", -1),
    grpcTimeout: grpcTimeout(action, duration),
    rewrite: { path: pathRewrite(context, action), host: hostRewrite(context, action) },
    priority: text(action, "priority") === "HIGH" ? "high" : "default",
    retry: retry === undefined ? scope.retry : compileRetry(context, retry),
    keptBody: scope.keptBody,
    internalRedirect: compileInternalRedirect(context, action),
    mirrors: compileMirrors(context, action, scope, scope.mirrors),
    appendForwardedHost: flag(action, "append_x_forwarded_host") ?? false,
    upgrades: compileRouteUpgrades(context, action),
    hashPolicy: compileHashPolicy(context, action),
    ...rateLimitsOf(context, action, scope),
    metadataMatch,
  };
}

/** Without a filter that takes them they are fields that nobody reads, and said so. */
function rateLimitsOf(
  context: CompileContext,
  action: CheckedMessage,
  { limitsRates }: RouteScope,
): Pick<ForwardPlan, "rateLimits" | "includesHostRateLimits"> {
  if (!limitsRates) return { rateLimits: [], includesHostRateLimits: false };
  return {
    rateLimits: compileRatePolicies(context, action, "route"),
    includesHostRateLimits: flag(action, "include_vh_rate_limits") ?? false,
  };
}

/** As in Envoy, whoever limits the whole stream has no other limit. */
function routeTimeoutMs(context: CompileContext, action: CheckedMessage, hasDuration: boolean): number {
  const given = timeoutMs(action, "timeout", hasDuration ? Number.POSITIVE_INFINITY : 15_000);
  if (hasDuration && given !== Number.POSITIVE_INFINITY) {
    context.warn(action, "timeout", "timeout counts for nothing beside max_stream_duration, as in Envoy");
  }
  return hasDuration ? Number.POSITIVE_INFINITY : given;
}

function grpcTimeout(action: CheckedMessage, duration: CheckedMessage | undefined): ForwardPlan["grpcTimeout"] {
  const kind = duration === undefined ? "route" : "duration";
  const from = duration ?? action;
  const [max, offset] =
    duration === undefined
      ? (["max_grpc_timeout", "grpc_timeout_offset"] as const)
      : (["grpc_timeout_header_max", "grpc_timeout_header_offset"] as const);
  const maxMs = timeoutMs(from, max, -1);
  const offsetMs = millis(from, offset) ?? 0;
  return maxMs < 0 && kind === "route" ? null : { kind, maxMs, offsetMs };
}

/** What a virtual host or a route says of the body that is kept for retries; what it is silent of is as above it. */
export function compileKeptBody(level: CheckedMessage, above: KeptBodyPlan): KeptBodyPlan {
  return {
    lowerBytesMax: count(level, "per_request_buffer_limit_bytes") ?? above.lowerBytesMax,
    bytesMax: count(level, "request_body_buffer_limit") ?? above.bytesMax,
  };
}

function clusterChoice(
  context: CompileContext,
  action: CheckedMessage,
  scope: RouteScope,
  metadataMatch: MetadataMatchPlan | null,
): ClusterChoicePlan {
  const kind = oneOf(action, [
    "cluster",
    "cluster_header",
    "weighted_clusters",
    "cluster_specifier_plugin",
    "inline_cluster_specifier_plugin",
  ]);
  switch (kind) {
    case "cluster":
    case undefined: {
      const name = text(action, "cluster") ?? "";
      if (scope.validateClusters && !context.clusterNames.has(name)) {
        context.error(action, "cluster", `route: unknown cluster '${name}'`);
      }
      return { kind: "one", name };
    }
    case "cluster_header":
      return { kind: "header", header: wireText((text(action, kind) ?? "").toLowerCase()) };
    case "weighted_clusters": {
      const weighted = child(action, kind) as CheckedMessage;
      const choice = weightedClusters(context, weighted, scope, metadataMatch);
      if (choice.by === "hash" && !has(action, "hash_policy")) {
        context.warn(weighted, "use_hash_policy", "use_hash_policy without a hash_policy: chance decides, as in Envoy");
      }
      return choice;
    }
    default:
      context.refuse(action, kind, "cluster specifier plugins", "use cluster, cluster_header or weighted_clusters");
      return { kind: "one", name: "" };
  }
}

function weightedClusters(
  context: CompileContext,
  weighted: CheckedMessage,
  scope: RouteScope,
  metadataMatch: MetadataMatchPlan | null,
): Extract<ClusterChoicePlan, { kind: "weighted" }> {
  const keys = new Map<string, number>();
  const clusters = children(weighted, "clusters").map((one) => ({
    ...weightedCluster(context, one, scope, keys),
    metadataMatch: compileMetadataMatch(one, metadataMatch),
  }));
  const totalWeight = clusters.reduce((sum, one) => sum + one.weight, 0);
  if (totalWeight === 0) {
    context.error(weighted, "clusters", "Sum of weights in the weighted_cluster must be greater than 0.");
  } else if (totalWeight > UINT32_MAX) {
    context.error(weighted, "clusters", `The sum of weights of all weighted clusters of route exceeds ${UINT32_MAX}`);
  }
  const total = count(weighted, "total_weight");
  if (total !== undefined && total !== totalWeight) {
    context.warn(weighted, "total_weight", `total_weight is not acted on: the weights add up to ${totalWeight}`);
  }
  const usesHash = flag(weighted, "use_hash_policy") === true;
  return {
    kind: "weighted",
    clusters,
    totalWeight,
    runtimeKeyPrefix: text(weighted, "runtime_key_prefix") ?? "",
    by: scope.isSticky ? "sticky" : usesHash ? "hash" : "chance",
    headerName: wireText((text(weighted, "header_name") ?? "").toLowerCase()),
  };
}

function weightedCluster(
  context: CompileContext,
  one: CheckedMessage,
  scope: RouteScope,
  keys: Map<string, number>,
): Omit<WeightedClusterPlan, "metadataMatch"> {
  const name = text(one, "name") ?? "";
  const header = text(one, "cluster_header") ?? "";
  if (header !== "" && name !== "") {
    context.error(one, "cluster_header", "Only one of name or cluster_header can be specified");
  } else if (header !== "") {
    context.refuse(one, "cluster_header", "cluster_header inside weighted_clusters", "name the cluster");
  } else if (name === "") {
    context.error(one, "", "At least one of name or cluster_header need to be specified");
  } else if (scope.validateClusters && !context.clusterNames.has(name)) {
    context.error(one, "name", `route: unknown weighted cluster '${name}'`);
  }
  const earlier = keys.get(name) ?? 0;
  keys.set(name, earlier + 1);
  return {
    name,
    key: wireText(earlier === 0 ? name : `${name} ${earlier}`),
    weight: count(one, "weight") ?? 0,
    headers: compileHeaderChanges(context, one),
    hostRewrite: wireText(text(one, "host_rewrite_literal") ?? ""),
    filterOverrides: compileFilterOverrides(context, one, scope.filterNames),
  };
}

function pathRewrite(context: CompileContext, action: CheckedMessage): RewritePlan["path"] {
  const prefix = text(action, "prefix_rewrite") ?? "";
  const regex = child(action, "regex_rewrite");
  const policy = has(action, "path_rewrite_policy");
  if (policy) {
    context.refuse(action, "path_rewrite_policy", "path rewrite policies", "use prefix_rewrite or regex_rewrite");
  }
  if (prefix !== "" && regex !== undefined) {
    context.error(action, "regex_rewrite", "Specify only one of prefix_rewrite, regex_rewrite or path_rewrite_policy");
  }
  if (regex !== undefined) return { kind: "regex", ...compileRegexRewrite(context, regex) };
  return prefix === "" ? { kind: "none" } : { kind: "prefix", value: wireText(prefix) };
}

function hostRewrite(context: CompileContext, action: CheckedMessage): RewritePlan["host"] {
  const kind = oneOf(action, [
    "host_rewrite_literal",
    "auto_host_rewrite",
    "host_rewrite_header",
    "host_rewrite_path_regex",
    "host_rewrite",
  ]);
  switch (kind) {
    case "host_rewrite_literal":
      return { kind: "literal", value: wireText(text(action, kind) ?? "") };
    case "auto_host_rewrite":
      return flag(action, kind) === true ? { kind: "auto" } : { kind: "none" };
    case "host_rewrite_header":
      return { kind: "header", header: wireText((text(action, kind) ?? "").toLowerCase()) };
    case "host_rewrite_path_regex":
      return { kind: "path_regex", ...compileRegexRewrite(context, child(action, kind) as CheckedMessage) };
    case "host_rewrite":
      context.refuse(action, kind, "host rewriting by format", "use host_rewrite_literal or host_rewrite_header");
      return { kind: "none" };
    case undefined:
      return { kind: "none" };
  }
}

const UINT32_MAX = 4_294_967_295;

const NOT_FOUND_STATUS: Readonly<Record<string, number>> = {
  SERVICE_UNAVAILABLE: 503,
  NOT_FOUND: 404,
  INTERNAL_SERVER_ERROR: 500,
};
