// Endpoint discovery for other proxies, served by this node. Made by compile/eds.ts.
import type { SocketAddressPlan } from "./address.ts";

/** How EDS is served. */
export interface EdsPlan {
  /** Default 127.0.0.1:18001. */
  readonly listen: SocketAddressPlan;
  /** Null: cleartext. */
  readonly tls: EdsTlsPlan | null;
}

/** PEM files, named, not kept: read when the server begins. */
export interface EdsTlsPlan {
  readonly certFile: string;
  readonly keyFile: string;
  /** Of the authority of clients' certificates, which they must show; empty: none is asked for. */
  readonly caFile: string;
}
