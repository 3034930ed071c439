// rate_limits of routes, virtual hosts and filters: envoy.config.route.v3.RateLimit to RatePolicyPlan. Called where they stand.
import { networkText } from "../../base/ip-address.ts";
import { wireText } from "../../base/wire-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, flag, has, oneOf, text } from "../load/fields.ts";
import type { FormatPartPlan } from "../plan/access-log.ts";
import type { HitsPlan, RateActionPlan, RatePolicyPlan, RateValuePlan } from "../plan/rate-limit.ts";
import type { CompileContext } from "./context.ts";
import { compileFormat } from "./format.ts";
import { compileHeaderMatcher, compileQueryMatcher } from "./match.ts";

/** Compiles the field `rate_limits`. `place`: as in Envoy, hits_addend counts for something only in those of the filter itself. */
export function compileRatePolicies(
  context: CompileContext,
  holder: CheckedMessage,
  place: "filter" | "route",
): RatePolicyPlan[] {
  return children(holder, "rate_limits").flatMap((limit) => {
    // Envoy's local limit takes whatever can be turned off for turned off.
    const isOff = (text(limit, "disable_key") ?? "") !== "";
    const hits = child(limit, "hits_addend");
    const policy: RatePolicyPlan = {
      stage: isOff ? NO_STAGE : (count(limit, "stage") ?? 0),
      actions: children(limit, "actions").flatMap((action) => compileAction(context, action)),
      hits: hits === undefined || place === "route" ? null : compileHits(context, hits),
      showsHeaders: SHOWS[text(limit, "x_ratelimit_option") ?? "UNSPECIFIED"] ?? null,
    };
    if (hits !== undefined && place === "route") {
      context.warn(limit, "hits_addend", "hits_addend counts only in rate_limits of the filter itself, as in Envoy");
    }
    if (has(limit, "limit"))
      context.warn(limit, "limit", "limit is for a rate limit service and counts for nothing here");
    if (flag(limit, "apply_on_stream_done") === true) {
      const says = "rate_limits with apply_on_stream_done count for nothing in local_ratelimit, as in Envoy";
      context.warn(limit, "apply_on_stream_done", says);
      return [];
    }
    return [policy];
  });
}

function compileHits(context: CompileContext, hits: CheckedMessage): HitsPlan {
  const format = text(hits, "format") ?? "";
  const number = count(hits, "number");
  const negative = flag(hits, "is_negative_hits") ?? false;
  if ((format === "") === (number === undefined)) {
    context.error(hits, "", "hits_addend must contain either a format or a number");
  }
  if (format === "") return { format: [{ kind: "literal", text: String(number ?? 1) }], negative };
  const parts = compileFormat(context, hits, "format", format);
  if (parts.length > 1) context.error(hits, "format", "hits_addend format must contain exactly one substitution");
  return { format: parts, negative };
}

function compileAction(context: CompileContext, action: CheckedMessage): RateActionPlan[] {
  const kind = oneOf(action, KINDS);
  const given = (kind === undefined ? undefined : child(action, kind)) ?? action;
  switch (kind) {
    case undefined:
      return [];
    case "source_cluster":
      return [{ kind: "fixed", key: "source_cluster", value: wireText(context.localCluster) }];
    case "destination_cluster":
    case "remote_address":
      return [{ kind }];
    case "masked_remote_address": {
      const [bits4, bits6] = [count(given, "v4_prefix_mask_len") ?? 32, count(given, "v6_prefix_mask_len") ?? 128];
      return [{ kind, bits4, bits6 }];
    }
    case "request_headers":
      return [{ kind: "request_header", ...named(given, "header_name") }];
    case "query_parameters":
      return [{ kind: "query_parameter", ...named(given, "query_parameter_name") }];
    case "generic_key":
      return [{ kind, ...writtenValue(context, given, "generic_key") }];
    case "header_value_match": {
      const headers = children(given, "headers").map((one) => compileHeaderMatcher(context, one));
      return [{ kind: "header_match", headers, ...matchOf(context, given, "header_match") }];
    }
    case "query_parameter_value_match": {
      const query = children(given, "query_parameters").map((one) => compileQueryMatcher(context, one));
      return [{ kind: "query_match", query, ...matchOf(context, given, "query_match") }];
    }
    case "remote_address_match":
      return [addressMatch(context, given)];
    case "metadata":
    case "extension":
      context.refuse(action, kind, `rate limit actions of the kind ${kind}`, "use request_headers or generic_key");
      return [];
  }
}

function addressMatch(context: CompileContext, given: CheckedMessage): RateActionPlan {
  const matcher = child(given, "address_matcher");
  const networks = (matcher === undefined ? [] : children(matcher, "ranges")).flatMap((range) => {
    const address = text(range, "address_prefix") ?? "";
    const network = networkText(address, count(range, "prefix_len") ?? 0);
    if (network !== null) return [network];
    context.error(range, "address_prefix", `malformed IP address: ${address}`);
    return [];
  });
  const inverted = matcher !== undefined && flag(matcher, "invert_match") === true;
  return { kind: "address_match", networks, inverted, ...writtenValue(context, given, "remote_address_match") };
}

function named(given: CheckedMessage, nameField: string): { name: string; key: string; skips: boolean } {
  const name = text(given, nameField) ?? "";
  return {
    name: wireText(nameField === "header_name" ? name.toLowerCase() : name),
    key: wireText(text(given, "descriptor_key") ?? ""),
    skips: flag(given, "skip_if_absent") ?? false,
  };
}

function matchOf(context: CompileContext, given: CheckedMessage, key: string): RateValuePlan & { expects: boolean } {
  return { ...writtenValue(context, given, key), expects: flag(given, "expect_match") ?? true };
}

function writtenValue(context: CompileContext, given: CheckedMessage, key: string): RateValuePlan {
  const parts = compileFormat(context, given, "descriptor_value", text(given, "descriptor_value") ?? "");
  return {
    key: wireText(text(given, "descriptor_key") || key),
    value: parts.map(
      (part): FormatPartPlan => (part.kind === "literal" ? { ...part, text: wireText(part.text) } : part),
    ),
    otherwise: wireText(text(given, "default_value") ?? ""),
  };
}

const KINDS = [
  "source_cluster",
  "destination_cluster",
  "request_headers",
  "remote_address",
  "generic_key",
  "header_value_match",
  "metadata",
  "extension",
  "masked_remote_address",
  "query_parameter_value_match",
  "query_parameters",
  "remote_address_match",
] as const;

const NO_STAGE = -1;
const SHOWS: Readonly<Record<string, boolean>> = { OFF: false, DRAFT_VERSION_03: true };
