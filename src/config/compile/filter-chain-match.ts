// envoy.config.listener.v3.FilterChainMatch, and which chains of a listener match the same connections. Called by filter-chain.ts and
// listener.ts.
import { networkText } from "../../base/ip-address.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { children, count, has, numbers, text, texts } from "../load/fields.ts";
import type { FilterChainMatchPlan, FilterChainPlan } from "../plan/listener.ts";
import type { CompileContext } from "./context.ts";

/** Compiles a match. */
export function compileChainMatch(context: CompileContext, match: CheckedMessage): FilterChainMatchPlan {
  if ((text(match, "address_suffix") ?? "") !== "") refuseMatch(context, match, "address_suffix");
  if (has(match, "suffix_len")) refuseMatch(context, match, "suffix_len");
  const serverNames = texts(match, "server_names").map((name) => {
    const rest = name.startsWith("*.") ? name.slice(2) : name;
    if (rest.includes("*") && name !== "*") {
      context.error(match, "server_names", 'partial wildcards are not supported in "server_names"');
    }
    return name.toLowerCase();
  });
  return {
    serverNames,
    applicationProtocols: texts(match, "application_protocols"),
    transportProtocol: text(match, "transport_protocol") ?? "",
    destinationPort: count(match, "destination_port") ?? 0,
    destinationNetworks: networks(context, match, "prefix_ranges"),
    directSourceNetworks: networks(context, match, "direct_source_prefix_ranges"),
    sourceNetworks: networks(context, match, "source_prefix_ranges"),
    sourceType: SOURCE_TYPES[text(match, "source_type") ?? ""] ?? "any",
    sourcePorts: numbers(match, "source_ports"),
  };
}

/** Says which chains have the same or overlapping matches, as Envoy does. `chains` and `compiled` go together. */
export function checkChainMatches(
  context: CompileContext,
  chains: readonly CheckedMessage[],
  compiled: readonly (FilterChainPlan | null)[],
): void {
  const wholes = new Map<string, string>();
  const tuples = new Set<string>();
  compiled.forEach((chain, index) => {
    const message = chains[index];
    if (chain === null || message === undefined) return;
    const whole = JSON.stringify(chain.match);
    const same = wholes.get(whole);
    const own = tuplesOf(chain.match);
    if (same !== undefined) {
      const says = `filter chain '${chain.name}' has the same matching rules defined as '${same}'.`;
      context.error(message, "filter_chain_match", says);
    } else if (new Set(own).size < own.length || own.some((tuple) => tuples.has(tuple))) {
      const says = "multiple filter chains with overlapping matching rules are defined";
      context.error(message, "filter_chain_match", says);
    }
    wholes.set(whole, chain.name);
    for (const tuple of own) tuples.add(tuple);
  });
}

/** The match of a chain that serves every connection. */
export const MATCH_ALL: FilterChainMatchPlan = {
  serverNames: [],
  applicationProtocols: [],
  transportProtocol: "",
  destinationPort: 0,
  destinationNetworks: [],
  directSourceNetworks: [],
  sourceNetworks: [],
  sourceType: "any",
  sourcePorts: [],
};

function refuseMatch(context: CompileContext, match: CheckedMessage, field: string): void {
  context.refuse(match, field, `filter chains matched by ${field}`, "use prefix_ranges");
}

/** As Envoy keeps them: each once for every way in which it matches. */
function tuplesOf(match: FilterChainMatchPlan): string[] {
  const levels: readonly (readonly (string | number)[])[] = [
    [match.destinationPort],
    match.destinationNetworks,
    match.serverNames,
    [match.transportProtocol],
    match.applicationProtocols,
    match.directSourceNetworks,
    [match.sourceType],
    match.sourceNetworks,
    match.sourcePorts,
  ];
  let tuples: readonly (readonly (string | number)[])[] = [[]];
  for (const level of levels) {
    tuples = tuples.flatMap((tuple) => (level.length === 0 ? [""] : level).map((value) => [...tuple, value]));
  }
  return tuples.map((tuple) => JSON.stringify(tuple));
}

function networks(context: CompileContext, match: CheckedMessage, field: string): string[] {
  return children(match, field).flatMap((range) => {
    const address = text(range, "address_prefix") ?? "";
    const network = networkText(address, count(range, "prefix_len") ?? 0);
    if (network === null) context.error(range, "address_prefix", `malformed IP address: ${address}`);
    return network === null ? [] : [network];
  });
}

const SOURCE_TYPES: Readonly<Record<string, FilterChainMatchPlan["sourceType"]>> = {
  SAME_IP_OR_LOOPBACK: "local",
  EXTERNAL: "external",
};
