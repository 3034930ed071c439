// internal_redirect_policy of a RouteAction, or the older internal_redirect_action, to InternalRedirectPlan. Called by route-action.ts.

import { wireText } from "../../base/wire-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, flag, numbers, text, texts } from "../load/fields.ts";
import type { InternalRedirectPlan, RedirectPredicatePlan } from "../plan/internal-redirect.ts";
import type { CompileContext } from "./context.ts";

/** What the route follows of its upstream's redirects; null: nothing. The newer field wins, as in Envoy. */
export function compileInternalRedirect(context: CompileContext, action: CheckedMessage): InternalRedirectPlan | null {
  const policy = child(action, "internal_redirect_policy");
  const older = text(action, "internal_redirect_action");
  const olderMax = count(action, "max_internal_redirects");
  if (policy === undefined) {
    if (older === "HANDLE_INTERNAL_REDIRECT") return { ...DEFAULT, redirectsMax: olderMax ?? DEFAULT.redirectsMax };
    return null;
  }
  return {
    redirectsMax: count(policy, "max_internal_redirects") ?? DEFAULT.redirectsMax,
    statuses: statuses(context, policy),
    crossesSchemes: flag(policy, "allow_cross_scheme_redirect") ?? false,
    predicates: children(policy, "predicates").flatMap((one) => predicate(context, one)),
    copiedHeaders: copiedHeaders(context, policy),
  };
}

function statuses(context: CompileContext, policy: CheckedMessage): readonly number[] {
  const given = numbers(policy, "redirect_response_codes");
  if (given.length === 0) return DEFAULT.statuses;
  const wrong = given.filter((status) => !REDIRECTS.has(status));
  if (wrong.length > 0) {
    const says = `${wrong.join(", ")} in redirect_response_codes: only 301, 302, 303, 307 and 308 are redirects; the others are ignored, as Envoy does`;
    context.warn(policy, "redirect_response_codes", says);
  }
  return given.filter((status) => REDIRECTS.has(status));
}

function predicate(context: CompileContext, one: CheckedMessage): readonly RedirectPredicatePlan[] {
  const name = text(one, "name") ?? "";
  const config = child(one, "typed_config");
  const type = config?.type ?? name;
  switch (KINDS[type]) {
    case "previous_routes":
      return [{ kind: "previous_routes" }];
    case "allow_listed_routes":
      return [{ kind: "allow_listed_routes", names: config === undefined ? [] : texts(config, "allowed_route_names") }];
    case "safe_cross_scheme":
      return [{ kind: "safe_cross_scheme" }];
    case "filter_state":
      context.refuse(one, "typed_config", "redirects by filter state", "use allow_listed_routes");
      return [];
    case undefined:
      context.error(one, "", `Didn't find a registered implementation for '${name}' with type URL: '${type}'`);
      return [];
  }
}

function copiedHeaders(context: CompileContext, policy: CheckedMessage): readonly string[] {
  const names = texts(policy, "response_headers_to_copy").map((name) => wireText(name.toLowerCase()));
  const framing = names.find((name) => FRAMING.has(name));
  if (names.some((name) => name.startsWith(":") || name === "host")) {
    context.error(policy, "response_headers_to_copy", ":-prefixed headers or Hosts may not be specified here.");
  } else if (framing !== undefined) {
    const says = `copying ${framing}, which says where the body of a message ends`;
    context.refuse(policy, "response_headers_to_copy", says, "leave it out");
  }
  return names;
}

const DEFAULT: InternalRedirectPlan = {
  redirectsMax: 1,
  statuses: [302],
  crossesSchemes: false,
  predicates: [],
  copiedHeaders: [],
};
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** What would let a request end elsewhere than where its body does. */
const FRAMING: ReadonlySet<string> = new Set(["content-length", "transfer-encoding", "connection", "upgrade"]);

/** Predicates by their registered name and by the type of their configuration. */
const KINDS: Readonly<Record<string, RedirectPredicatePlan["kind"] | "filter_state" | undefined>> = Object.fromEntries(
  (
    [
      ["previous_routes", "PreviousRoutesConfig"],
      ["allow_listed_routes", "AllowListedRoutesConfig"],
      ["safe_cross_scheme", "SafeCrossSchemeConfig"],
      ["filter_state", "FilterStateConfig"],
    ] as const
  ).flatMap(([kind, message]) => [
    [`envoy.internal_redirect_predicates.${kind}`, kind],
    [`envoy.extensions.internal_redirect.${kind}.v3.${message}`, kind],
  ]),
);
