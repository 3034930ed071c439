// Looks names up as Envoy's resolver does: literals, /etc/hosts and localhost first, then c-ares for the TTL. Called by discovery.
// Never by the data path; keeps no answer, and an outcome is always a value.
import { Resolver } from "node:dns";
import { isIP } from "node:net";
import { codeOf } from "../base/system-text.ts";
import {
  candidateNames,
  type Hosts,
  parseHosts,
  parseSearchRules,
  type SearchRules,
  WatchedFile,
} from "./hosts-file.ts";

/** dns_lookup_family. `auto`: IPv6 if there is any, else IPv4. */
export type LookupFamily = "auto" | "v4_only" | "v6_only" | "v4_preferred" | "all";

/** One address of a name. */
export interface FoundAddress {
  readonly host: string;
  /** Seconds; Infinity where the source knows none (hosts file, literals). */
  readonly ttlS: number;
}

/** How a lookup ended. A name that does not exist, or has no address of the wanted kind, is an answer without addresses. */
export type LookupOutcome =
  | { readonly kind: "resolved"; readonly addresses: readonly FoundAddress[] }
  | { readonly kind: "failed"; readonly text: string };

/** A lookup under way. */
export interface Lookup {
  /** Never rejects. */
  readonly outcome: Promise<LookupOutcome>;
  /** Ends it now with a failure, unless it has ended. */
  cancel(): void;
}

/** Where the system keeps its names, and how patient a query is. */
export interface NameResolverOptions {
  /** Default `/etc/hosts`. */
  readonly hostsPath?: string;
  /** Default `/etc/resolv.conf`: search domains; c-ares reads the servers from it. */
  readonly resolvConfPath?: string;
  /** Per try; default 5 000. */
  readonly timeoutMs?: number;
  /** Default 4. */
  readonly tries?: number;
}

/** Resolves names for one thread. */
export class NameResolver {
  private readonly hosts: WatchedFile<Hosts>;
  private readonly rules: WatchedFile<SearchRules>;
  private readonly timeoutMs: number;
  private readonly tries: number;

  constructor(options: NameResolverOptions = {}) {
    this.hosts = new WatchedFile(options.hostsPath ?? "/etc/hosts", parseHosts);
    this.rules = new WatchedFile(options.resolvConfPath ?? "/etc/resolv.conf", parseSearchRules);
    this.timeoutMs = options.timeoutMs ?? 5_000;
    this.tries = options.tries ?? 4;
  }

  /** Looks `name` up. `servers` are `ip:port` or `[ip]:port`; empty: the system's. */
  lookUp(name: string, family: LookupFamily, servers: readonly string[]): Lookup {
    if (isIP(name) !== 0)
      return { outcome: Promise.resolve(found([{ host: name, ttlS: Infinity }])), cancel(): void {} };
    const resolver = new Resolver({ timeout: this.timeoutMs, tries: this.tries });
    let cancelled = false;
    const ask = async (version: 4 | 6): Promise<LookupOutcome> => {
      const known = this.locally(name, version);
      if (known.length > 0) return found(known.map((host) => ({ host, ttlS: Infinity })));
      for (const candidate of candidateNames(name, this.rules.read())) {
        if (cancelled) return CANCELLED;
        const outcome = await query(resolver, candidate, version);
        if (outcome.kind === "failed" || outcome.addresses.length > 0) return outcome;
      }
      return NO_ADDRESS;
    };
    return {
      outcome: resolved(resolver, servers, family, ask).catch((error: Error) => ({
        kind: "failed",
        text: error.message,
      })),
      cancel(): void {
        cancelled = true;
        resolver.cancel();
      },
    };
  }

  /** What needs no name service: the hosts file, and localhost whatever it says (RFC 6761 §6.3). */
  private locally(name: string, version: 4 | 6): readonly string[] {
    const key = name.toLowerCase().replace(/\.$/, "");
    const known = (this.hosts.read().get(key) ?? []).filter((address) => isIP(address) === version);
    if (known.length > 0 || !(key === "localhost" || key.endsWith(".localhost"))) return known;
    return [version === 4 ? "127.0.0.1" : "::1"];
  }
}

async function resolved(
  resolver: Resolver,
  servers: readonly string[],
  family: LookupFamily,
  ask: (version: 4 | 6) => Promise<LookupOutcome>,
): Promise<LookupOutcome> {
  // Throws when one is no address; the caller makes a failure of that.
  if (servers.length > 0) resolver.setServers(servers);
  switch (family) {
    case "v4_only":
      return ask(4);
    case "v6_only":
      return ask(6);
    case "auto":
      return firstOf(await ask(6), () => ask(4));
    case "v4_preferred":
      return firstOf(await ask(4), () => ask(6));
    case "all": {
      const [v4, v6] = await Promise.all([ask(4), ask(6)]);
      if (v4.kind === "failed") return firstOf(v6, async () => v4);
      return v6.kind === "failed" ? firstOf(v4, async () => v6) : found([...v4.addresses, ...v6.addresses]);
    }
  }
}

/** The preferred family's addresses, else the other's; a failure of either outweighs that the other has none. */
async function firstOf(preferred: LookupOutcome, other: () => Promise<LookupOutcome>): Promise<LookupOutcome> {
  if (preferred.kind === "resolved" && preferred.addresses.length > 0) return preferred;
  const second = await other();
  return second.kind === "resolved" && second.addresses.length === 0 ? preferred : second;
}

function query(resolver: Resolver, name: string, version: 4 | 6): Promise<LookupOutcome> {
  return new Promise((resolve) => {
    const done = (
      error: Error | null,
      records: readonly { readonly address: string; readonly ttl: number }[],
    ): void => {
      if (error === null) resolve(found(records.map(({ address, ttl }) => ({ host: address, ttlS: ttl }))));
      else resolve(NO_SUCH.has(codeOf(error)) ? NO_ADDRESS : { kind: "failed", text: textOf(error) });
    };
    if (version === 4) resolver.resolve4(name, { ttl: true }, done);
    else resolver.resolve6(name, { ttl: true }, done);
  });
}

function found(addresses: readonly FoundAddress[]): LookupOutcome {
  return { kind: "resolved", addresses };
}

function textOf(error: Error): string {
  return WORDS[codeOf(error)] ?? error.message;
}

const NO_SUCH = new Set(["ENOTFOUND", "ENODATA"]);

/** ares_strerror's words. */
const WORDS: Readonly<Record<string, string>> = {
  EBADNAME: "Misformatted domain name",
  EBADRESP: "Misformatted DNS reply",
  ECANCELLED: "DNS query cancelled",
  ECONNREFUSED: "Could not contact DNS servers",
  EFORMERR: "DNS server claims query was misformatted",
  ENOTIMP: "DNS server does not implement requested operation",
  EREFUSED: "DNS server refused query",
  ESERVFAIL: "DNS server returned general failure",
  ETIMEOUT: "Timeout while contacting DNS servers",
};

const NO_ADDRESS: LookupOutcome = { kind: "resolved", addresses: [] };
const CANCELLED: LookupOutcome = { kind: "failed", text: "DNS query cancelled" };
