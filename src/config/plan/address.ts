// Addresses of listeners and endpoints.

/** Where to listen or connect. */
export type AddressPlan = SocketAddressPlan | PipePlan;

/** An IP address or a name with a port. */
export interface SocketAddressPlan {
  readonly kind: "socket";
  /** IP address (IPv6 without brackets), or a name for STRICT_DNS endpoints. */
  readonly host: string;
  readonly port: number;
  /** IPV6_V6ONLY off: `ipv4_compat`. */
  readonly ipv4Compat: boolean;
}

/** A unix socket; a leading `@` means the abstract name space. */
export interface PipePlan {
  readonly kind: "pipe";
  readonly path: string;
  /** File mode of the socket, 0 for the default. */
  readonly mode: number;
}

/** `127.0.0.1:80`, `[::1]:80` or the path: as admin pages show it. */
export function addressText(address: AddressPlan): string {
  if (address.kind === "pipe") return address.path;
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
