// Who the client is: addresses in x-forwarded-for, trusted hops, internal addresses. Used once per request by request-headers.ts.
import { NetworkSet, parseIp } from "../../base/ip-address.ts";

/** What x-forwarded-for says. */
export interface ForwardedAddress {
  /** Null: the header is missing, has too few entries, or the entry is no address. */
  readonly address: string | null;
  /** Whether the header holds exactly one address, so that it may make a request internal. */
  readonly single: boolean;
}

/** The address that is `skip` entries before the last one of an x-forwarded-for value (Envoy's getLastAddressFromXFF). */
export function lastForwardedAddress(value: string | undefined, skip: number): ForwardedAddress {
  if (value === undefined) return none;
  let rest = value;
  for (let i = 0; i < skip; i++) {
    const comma = rest.lastIndexOf(",");
    if (comma < 0) return none;
    rest = rest.slice(0, comma);
  }
  const comma = rest.lastIndexOf(",");
  const entry = rest.slice(comma + 1).trim();
  return parseIp(entry) === null ? none : { address: entry, single: comma < 0 && skip === 0 };
}

/** Tests addresses against CIDR texts; null means that none is internal, as Envoy without internal_address_config. */
export function internalTest(cidrs: readonly string[] | null): (address: string) => boolean {
  if (cidrs === null || cidrs.length === 0) return () => false;
  const networks = new NetworkSet(cidrs);
  return (address) => {
    const bytes = parseIp(address);
    return bytes !== null && networks.has(bytes);
  };
}

/** Whether an address is this machine's own. */
export function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1" || address.startsWith("::ffff:127.");
}

const none: ForwardedAddress = Object.freeze({ address: null, single: false });
