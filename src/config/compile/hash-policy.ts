// envoy.config.route.v3.RouteAction.HashPolicy to its plan. Called for routes, clusters and hashing load balancing policies.

import { wireText } from "../../base/wire-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, flag, millis, oneOf, text } from "../load/fields.ts";
import type { HashMethodPlan } from "../plan/hash-policy.ts";
import type { CompileContext } from "./context.ts";
import { compileRegexRewrite } from "./match.ts";

/** Compiles the field `hash_policy`; what can never apply is left out. */
export function compileHashPolicy(context: CompileContext, message: CheckedMessage): HashMethodPlan[] {
  return children(message, "hash_policy").flatMap((policy) => compileMethod(context, policy) ?? []);
}

function compileMethod(context: CompileContext, policy: CheckedMessage): HashMethodPlan | null {
  const terminal = flag(policy, "terminal") ?? false;
  const kind = oneOf(policy, ["header", "cookie", "connection_properties", "query_parameter", "filter_state"]);
  const given = kind === undefined ? undefined : child(policy, kind);
  if (given === undefined) return null;
  switch (kind) {
    case "header": {
      const rewrite = child(given, "regex_rewrite");
      return {
        kind,
        header: wireText((text(given, "header_name") ?? "").toLowerCase()),
        rewrite: rewrite === undefined ? null : compileRegexRewrite(context, rewrite),
        terminal,
      };
    }
    case "cookie":
      return compileCookie(given, terminal);
    case "connection_properties":
      return flag(given, "source_ip") === true ? { kind: "source_ip", terminal } : null;
    case "query_parameter":
      return { kind: "query", name: wireText(text(given, "name") ?? ""), terminal };
    case "filter_state":
      context.refuse(policy, kind, "hashing filter state", INSTEAD);
      return null;
    case undefined:
      return null;
  }
}

function compileCookie(cookie: CheckedMessage, terminal: boolean): HashMethodPlan {
  const ttlMs = millis(cookie, "ttl");
  return {
    kind: "cookie",
    name: wireText(text(cookie, "name") ?? ""),
    ttlSeconds: ttlMs === undefined ? -1 : Math.floor(ttlMs / 1_000),
    path: wireText(text(cookie, "path") ?? ""),
    attributes: children(cookie, "attributes").map((one) => {
      const [name, value] = [text(one, "name") ?? "", text(one, "value") ?? ""];
      return wireText(value === "" ? name : `${name}=${value}`);
    }),
    terminal,
  };
}

const INSTEAD = "hash a header, a cookie, the source_ip or a query_parameter";
