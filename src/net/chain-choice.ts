// Which filter chain serves a connection: Envoy's most-specific-first order, level by level without going back: port and address that it
// came to, server name, transport protocol, ALPN, then its source. Pure; called by
// listen.ts once a connection.
import { NetworkSet, parseIp } from "../base/ip-address.ts";
import type { FilterChainMatchPlan, FilterChainPlan, ListenerPlan } from "../config/plan/listener.ts";

/** The part of a listener that decides about chains; a ListenerPlan is one. */
export type ChainsPlan = Pick<ListenerPlan, "filterChains" | "defaultFilterChain" | "inspection" | "keepaliveS">;

/** What is known of a connection before its first request. */
export interface ConnectionFacts {
  readonly destinationPort: number;
  /** IP addresses; empty: of a unix socket, or nobody asks (`choiceNeedsAddresses`). */
  readonly destination: string;
  readonly source: string;
  readonly sourcePort: number;
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

/** Whether a choice depends on where a connection comes from, or on the address that it came to. */
export function choiceNeedsAddresses({ filterChains }: ChainsPlan): boolean {
  return filterChains.some(({ match }) => {
    const networks = match.destinationNetworks.length + match.directSourceNetworks.length + match.sourceNetworks.length;
    return networks > 0 || match.sourceType !== "any" || match.sourcePorts.length > 0;
  });
}

/** The chain that serves this connection, else the default chain, else null: the connection is to be closed. */
export function chooseChain(chains: ChainsPlan, facts: ConnectionFacts): FilterChainPlan | null {
  const source = parseIp(facts.source);
  let left = chains.filterChains;
  left = firstGroup(left, [
    (chain) => chain.match.destinationPort === facts.destinationPort,
    (chain) => chain.match.destinationPort === 0,
  ]);
  left = narrowest(left, "destinationNetworks", parseIp(facts.destination));
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
  // Nothing tells us of another source than the peer itself.
  left = narrowest(left, "directSourceNetworks", source);
  const nearness = isLocal(facts) ? "local" : "external";
  left = firstGroup(left, [
    (chain) => chain.match.sourceType === nearness,
    (chain) => chain.match.sourceType === "any",
  ]);
  left = narrowest(left, "sourceNetworks", source);
  left = firstGroup(left, [
    (chain) => chain.match.sourcePorts.includes(facts.sourcePort),
    (chain) => chain.match.sourcePorts.length === 0,
  ]);
  return left[0] ?? chains.defaultFilterChain;
}

/** Envoy's SAME_IP_OR_LOOPBACK: loopback is 127.0.0.1 and ::1 only; a unix socket is local. */
function isLocal({ source, destination }: ConnectionFacts): boolean {
  const from = source.replace(MAPPED, "");
  return from === "" || from === "127.0.0.1" || from === "::1" || from === destination.replace(MAPPED, "");
}

type Networks = "destinationNetworks" | "directSourceNetworks" | "sourceNetworks";

/** The chains with the narrowest network that has the address, else those without networks. */
function narrowest(
  chains: readonly FilterChainPlan[],
  field: Networks,
  address: Uint8Array | null,
): readonly FilterChainPlan[] {
  if (chains.every(({ match }) => match[field].length === 0)) return chains;
  const lengths = chains.map(({ match }) => (address === null ? -1 : setOf(match, field).narrowest(address)));
  const longest = Math.max(...lengths);
  return chains.filter(({ match }, at) => (longest < 0 ? match[field].length === 0 : lengths[at] === longest));
}

function setOf(match: FilterChainMatchPlan, field: Networks): NetworkSet {
  let sets = SETS.get(match);
  if (sets === undefined) {
    sets = {
      destinationNetworks: new NetworkSet(match.destinationNetworks),
      directSourceNetworks: new NetworkSet(match.directSourceNetworks),
      sourceNetworks: new NetworkSet(match.sourceNetworks),
    };
    SETS.set(match, sets);
  }
  return sets[field];
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

/** Made when a match is first asked. */
const SETS: WeakMap<FilterChainMatchPlan, Readonly<Record<Networks, NetworkSet>>> = new WeakMap();
const MAPPED = /^::ffff:(?=\d+\.)/i;
