// A listener's chains with everything made that a connection needs. Called by listen.ts and acceptor.ts, once per plan or ticket key.
import type { FilterChainPlan } from "../config/plan/listener.ts";
import { type ChainsPlan, choiceNeedsAddresses, choiceNeedsHello } from "./chain-choice.ts";
import type { NetFault } from "./channel.ts";
import { type ServerContexts, serverContexts } from "./tls-contexts.ts";

/** Chains with their TLS contexts made. */
export interface ReadyChains {
  readonly chains: ChainsPlan;
  /** As in ListenOptions. */
  readonly ticketKeys: Buffer;
  /** Of the chains that have TLS. */
  readonly contexts: ReadonlyMap<FilterChainPlan, ServerContexts>;
  /** Whether the ClientHello is read before the handshake; costs a copy of it and one more read callback. */
  readonly needsHello: boolean;
  /** Whether the kernel is asked for the addresses of a connection before a chain is chosen. */
  readonly needsAddresses: boolean;
}

/** Makes the contexts, or says which chain's certificate or ciphers are unusable. */
export function readyChains(chains: ChainsPlan, ticketKeys: Buffer): ReadyChains | NetFault {
  const all = [...chains.filterChains, ...(chains.defaultFilterChain === null ? [] : [chains.defaultFilterChain])];
  const contexts = new Map<FilterChainPlan, ServerContexts>();
  for (const chain of all) {
    if (chain.tls === null) continue;
    try {
      contexts.set(chain, serverContexts(chain.tls, ticketKeys));
    } catch (error) {
      return { kind: "tls-failed", text: `filter chain '${chain.name}': ${(error as Error).message}` };
    }
  }
  // Not by Node's SNICallback: it takes over only one of an RSA and an ECDSA certificate.
  const choosesCertificate = [...contexts.values()].some(({ byName }) => byName !== null);
  const needsHello = chains.inspection.always || choosesCertificate || choiceNeedsHello(chains);
  return { chains, ticketKeys, contexts, needsHello, needsAddresses: choiceNeedsAddresses(chains) };
}
