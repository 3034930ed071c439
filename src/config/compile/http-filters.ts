// The HTTP filters of a manager: the router and those of filters/ are acted on, every other one is refused by name with what to write
// instead. Called by http-connection-manager.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, flag, has, text, texts } from "../load/fields.ts";
import type { HttpFilterPlan, RouterFilterPlan } from "../plan/http-filter.ts";
import type { CompileContext } from "./context.ts";
import { FILTER_TYPES } from "./filters/filter-types.ts";

/** Compiles http_filters. */
export function compileHttpFilters(context: CompileContext, manager: CheckedMessage): HttpFilterPlan[] {
  const all = children(manager, "http_filters");
  const filters: HttpFilterPlan[] = [];
  context.filterModules.clear();
  context.missingFilters.clear();
  all.forEach((filter, index) => {
    const compiled = compileHttpFilter(context, filter, index === all.length - 1);
    if (compiled !== null) filters.push(compiled);
  });
  if (all.length === 0) {
    context.refuse(manager, "", "an HTTP connection manager without http_filters", "end http_filters with the router");
  }
  return filters;
}

function compileHttpFilter(context: CompileContext, filter: CheckedMessage, last: boolean): HttpFilterPlan | null {
  const name = text(filter, "name") ?? "";
  const config = child(filter, "typed_config");
  const disabled = flag(filter, "disabled") === true;
  const optional = flag(filter, "is_optional") === true;
  if (has(filter, "config_discovery")) {
    context.refuse(filter, "config_discovery", "HTTP filters from a discovery server", "give typed_config");
    return null;
  }
  if (config === undefined) {
    if (!optional) {
      context.error(filter, "", `Didn't find a registered implementation for '${name}' with type URL: ''`);
    }
    return null;
  }
  const compile = FILTER_TYPES[config.type];
  if (compile !== undefined && !last) return { name, disabled, ...compile(context, config, name) };
  if (config.type !== ROUTER) return refuseFilter(context, { filter, config, name, last, disabled, optional });
  if (!last) {
    const says = `terminal filter named ${name} of type envoy.filters.http.router must be the last filter in a http filter chain.`;
    context.error(filter, "", `Error: ${says}`);
  }
  if (disabled) {
    const says = `the last (terminal) filter (${name}) in the chain cannot be disabled by default.`;
    context.error(filter, "disabled", `Error: ${says}`);
  }
  return compileRouter(config, name);
}

function compileRouter(config: CheckedMessage, name: string): RouterFilterPlan {
  return {
    kind: "router",
    name,
    suppressEnvoyHeaders: flag(config, "suppress_envoy_headers") ?? false,
    respectExpectedRequestTimeout: flag(config, "respect_expected_rq_timeout") ?? false,
    strictHeaders: texts(config, "strict_check_headers").map((header) => header.toLowerCase()),
    dynamicStats: flag(config, "dynamic_stats") ?? true,
  };
}

interface UnknownFilter {
  readonly filter: CheckedMessage;
  readonly config: CheckedMessage;
  readonly name: string;
  readonly last: boolean;
  readonly disabled: boolean;
  readonly optional: boolean;
}

function refuseFilter(context: CompileContext, unknown: UnknownFilter): null {
  const { filter, config, name, last } = unknown;
  const what = `the HTTP filter '${name}' (${config.type})`;
  if (last) {
    const says = `Error: non-terminal filter named ${name} of type ${config.type} is the last filter in a http filter chain.`;
    context.error(filter, "", says);
  } else if (unknown.disabled || unknown.optional) {
    if (!unknown.optional) context.missingFilters.set(name, INSTEAD[shortType(config.type)] ?? REMOVE);
    context.warn(filter, "typed_config", `${what} is accepted and not acted on`);
  } else {
    context.refuse(filter, "typed_config", what, INSTEAD[shortType(config.type)] ?? REMOVE);
  }
  return null;
}

/** `envoy.extensions.filters.http.fault.v3.HTTPFault` → `fault`. */
function shortType(type: string): string {
  return /^envoy\.extensions\.filters\.http\.([a-z0-9_]+)\./.exec(type)?.[1] ?? "";
}

const ROUTER = "envoy.extensions.filters.http.router.v3.Router";

const REMOVE = "remove it, or run it in a proxy behind this one";

const MODULE =
  "write the filter in TypeScript: typed_config of type starling.filters.http.module.v1.Module (starling.filters.http.module) with its file";

const LIMITS = "use local_ratelimit, or bound the upstream with circuit_breakers";

const INSTEAD: Readonly<Record<string, string>> = {
  lua: MODULE,
  wasm: MODULE,
  ext_proc: MODULE,
  golang: MODULE,
  dynamic_modules: MODULE,
  basic_auth: MODULE,
  ext_authz: MODULE,
  jwt_authn: MODULE,
  csrf: MODULE,
  set_metadata: MODULE,
  header_to_metadata: MODULE,
  json_to_metadata: MODULE,
  composite: "give the filters that it chooses from, each off by default and on by routes",
  rbac: "restrict access in front of this proxy, or by require_client_certificate and routes matched by headers",
  ratelimit: LIMITS,
  rate_limit_quota: LIMITS,
  admission_control: LIMITS,
  adaptive_concurrency: LIMITS,
  bandwidth_limit: "slow answers down with the fault filter's response_rate_limit",
  stateful_session: "keep a client on its endpoint by a hash_policy of the route",
};
