// envoy.extensions.filters.http.cors.v3.CorsPolicy to CorsPolicyPlan. Called through filter-types.ts.

import { wireText } from "../../../base/wire-text.ts";
import type { CheckedMessage } from "../../load/checked.ts";
import { child, children, flag, text } from "../../load/fields.ts";
import type { CorsPolicyPlan } from "../../plan/filters/cors.ts";
import type { CompileContext } from "../context.ts";
import { compileFraction, compileStringMatcher } from "../match.ts";

/** Compiles CorsPolicy. */
export function compileCorsPolicy(context: CompileContext, policy: CheckedMessage): CorsPolicyPlan {
  const line = (field: string): string => {
    const value = text(policy, field) ?? "";
    if (LINE_BREAK.test(value)) context.error(policy, field, "a header value has no line break and no NUL");
    return wireText(value);
  };
  const share = (field: string): CorsPolicyPlan["enabled"] => {
    const fraction = child(policy, field);
    return fraction === undefined ? null : compileFraction(fraction);
  };
  return {
    kind: "cors",
    origins: children(policy, "allow_origin_string_match").map((one) => compileStringMatcher(context, one)),
    allowMethods: line("allow_methods"),
    allowHeaders: line("allow_headers"),
    exposeHeaders: line("expose_headers"),
    maxAge: line("max_age"),
    allowsCredentials: flag(policy, "allow_credentials") ?? null,
    allowsPrivateNetwork: flag(policy, "allow_private_network_access") ?? null,
    forwardsPreflights: flag(policy, "forward_not_matching_preflights") ?? null,
    enabled: share("filter_enabled"),
    shadowEnabled: share("shadow_enabled"),
  };
}

const LINE_BREAK = /[\0\r\n]/;
