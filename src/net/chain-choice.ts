// Which filter chain serves a connection: Envoy's most-specific-first order, level by level without going back. Pure; called by
// listen.ts once a connection.
import type { FilterChainPlan, ListenerPlan } from "../config/plan/listener.ts";

/** The part of a listener that decides about chains; a ListenerPlan is one. */
export type ChainsPlan = Pick<ListenerPlan, "filterChains" | "defaultFilterChain" | "inspectsTls">;

/** What is known of a connection before its first request. */
export interface ConnectionFacts {
  readonly destinationPort: number;
  /** Lower case; empty when the client named none. */
  readonly serverName: string;
  readonly transportProtocol: "raw_buffer" | "tls";
  /** What the client offers, in its order. */
  readonly applicationProtocols: readonly string[];
}

/**
 * Whether something depends on the ClientHello, so that it has to be read before the handshake: the choice of a chain, or whether
 * an ALPN list that many clients do not meet is offered.
 */
export function choiceNeedsHello(chains: ChainsPlan): boolean {
  const all =
    chains.defaultFilterChain === null ? chains.filterChains : [...chains.filterChains, chains.defaultFilterChain];
  return all.some(({ match, tls }) => {
    const chooses = match.serverNames.length > 0 || match.applicationProtocols.length > 0;
    const alpn = tls?.alpn ?? [];
    const partial = alpn.length > 0 && !(alpn.includes("h2") && alpn.includes("http/1.1"));
    return chooses || match.transportProtocol !== "" || partial;
  });
}

/** The chain that serves this connection, else the default chain, else null: the connection is to be closed. */
export function chooseChain(chains: ChainsPlan, facts: ConnectionFacts): FilterChainPlan | null {
  let left = chains.filterChains;
  left = firstGroup(left, [
    (chain) => chain.match.destinationPort === facts.destinationPort,
    (chain) => chain.match.destinationPort === 0,
  ]);
  left = firstGroup(left, [
    ...serverNameKeys(facts.serverName).map((key) => (chain: FilterChainPlan) => chain.match.serverNames.includes(key)),
    (chain) => chain.match.serverNames.length === 0,
  ]);
  left = firstGroup(left, [
    (chain) => chain.match.transportProtocol === facts.transportProtocol,
    (chain) => chain.match.transportProtocol === "",
  ]);
  left = firstGroup(left, [
    ...facts.applicationProtocols.map(
      (protocol) => (chain: FilterChainPlan) => chain.match.applicationProtocols.includes(protocol),
    ),
    (chain) => chain.match.applicationProtocols.length === 0,
  ]);
  return left[0] ?? chains.defaultFilterChain;
}

/** The chains of the first predicate that any of them satisfies. */
function firstGroup(
  chains: readonly FilterChainPlan[],
  predicates: readonly ((chain: FilterChainPlan) => boolean)[],
): readonly FilterChainPlan[] {
  for (const predicate of predicates) {
    const group = chains.filter(predicate);
    if (group.length > 0) return group;
  }
  return [];
}

/** `a.b.c` → `a.b.c`, `*.b.c`, `*.c`: the keys that match it, most specific first. */
export function serverNameKeys(serverName: string): string[] {
  if (serverName === "") return [];
  const keys = [serverName];
  for (let dot = serverName.indexOf("."); dot >= 0; dot = serverName.indexOf(".", dot + 1)) {
    keys.push(`*${serverName.slice(dot)}`);
  }
  return keys;
}
