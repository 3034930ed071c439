// Endpoint discovery for other proxies, served by this node. Made by compile/eds.ts.
import type { SocketAddressPlan } from "./address.ts";

/** How EDS is served. */
export interface EdsPlan {
  /** Default 127.0.0.1:18001. */
  readonly listen: SocketAddressPlan;
}
