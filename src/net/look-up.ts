// Names to addresses: IP literals, then /etc/hosts, then a c-ares resolver with TTLs. Called by discovery's thread only: the system's
// getaddrinfo has no TTL and shares four threads with file writes.
import { Resolver } from "node:dns";
import { isIP } from "node:net";
import { hostsFileAddresses } from "./hosts-file.ts";

/** Which addresses are wanted, as dns_lookup_family: `auto` is IPv6, else IPv4. */
export type LookupFamily = "auto" | "v4_only" | "v6_only" | "v4_preferred" | "all";

/** How a lookup ended. A name that does not exist, or has no such record, is an answer without addresses. */
export type LookupOutcome =
  | { readonly kind: "resolved"; readonly addresses: readonly { readonly host: string; readonly ttlS: number }[] }
  | { readonly kind: "failed"; readonly text: string };

/** Looks a name up. `resolvers`: `ip:port` of name servers; empty: the system's. Never rejects. */
export async function lookUp(host: string, family: LookupFamily, resolvers: readonly string[]): Promise<LookupOutcome> {
  if (isIP(host) !== 0) return { kind: "resolved", addresses: [{ host, ttlS: Number.POSITIVE_INFINITY }] };
  const [first, second] = FAMILIES[family];
  const found = await lookUpFamily(host, first, resolvers);
  if (second === undefined || (family !== "all" && found.kind === "resolved" && found.addresses.length > 0))
    return found;
  const also = await lookUpFamily(host, second, resolvers);
  if (found.kind === "failed") return also.kind === "resolved" && also.addresses.length === 0 ? found : also;
  if (also.kind === "failed") return found.addresses.length > 0 ? found : also;
  return { kind: "resolved", addresses: [...found.addresses, ...also.addresses] };
}

async function lookUpFamily(host: string, family: 4 | 6, servers: readonly string[]): Promise<LookupOutcome> {
  const local = hostsFileAddresses(host, family);
  if (local !== null) {
    return { kind: "resolved", addresses: local.map((address) => ({ host: address, ttlS: Number.POSITIVE_INFINITY })) };
  }
  const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  return new Promise((resolve) => {
    const answer = (
      error: NodeJS.ErrnoException | null,
      records: readonly { address: string; ttl: number }[],
    ): void => {
      if (error === null) {
        resolve({ kind: "resolved", addresses: records.map(({ address, ttl }) => ({ host: address, ttlS: ttl })) });
      } else if (NO_SUCH_RECORD.has(error.code ?? "")) resolve({ kind: "resolved", addresses: [] });
      else resolve({ kind: "failed", text: `${error.code ?? error.message}` });
    };
    if (family === 4) resolver.resolve4(host, { ttl: true }, answer);
    else resolver.resolve6(host, { ttl: true }, answer);
  });
}

const FAMILIES: { readonly [F in LookupFamily]: readonly [4 | 6, (4 | 6)?] } = {
  auto: [6, 4],
  v4_only: [4],
  v6_only: [6],
  v4_preferred: [4, 6],
  all: [4, 6],
};
const NO_SUCH_RECORD: ReadonlySet<string> = new Set(["ENOTFOUND", "ENODATA"]);
const QUERY_TIMEOUT_MS = 2_500;
const QUERY_TRIES = 3;
