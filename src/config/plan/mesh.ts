// What a node is to others: its roles, its name in the mesh, and the broker through which it meets them. Made by compile/mesh.ts.
import { isLoopback } from "../../base/ip-address.ts";
import type { AnnouncementPlan } from "./announcement.ts";

/** What a node can do. */
export const NODE_ROLES = ["proxy", "health", "load", "eds"] as const;

/** `proxy`: serves listeners. `health`: probes endpoints. `load`: reports load. `eds`: serves endpoints to other proxies. */
export type NodeRole = (typeof NODE_ROLES)[number];

/** Ways to report load. */
export const LOAD_MODES = ["merged", "per_node"] as const;

/** `merged`: in one stream for the mesh. `per_node`: each node as Envoy does, as without a mesh. */
export type LoadMode = (typeof LOAD_MODES)[number];

/** What a node does unless told. */
export const DEFAULT_ROLES: readonly NodeRole[] = ["proxy", "health", "load"];

/** A node's place in a mesh. */
export interface MeshPlan {
  /** Default `default`; only nodes of one mesh hear each other. Letters, digits, `-` and `_`, 64 at most. */
  readonly name: string;
  /** At most 64 bytes. */
  readonly node: string;
  /** The name was given: another living node that has it is a mistake. Else it is node.id and four random characters. */
  readonly isNodeNamed: boolean;
  readonly broker: BrokerPlan;
  /** How many nodes check each endpoint, default 2; at most 16. */
  readonly owners: number;
  /** An endpoint that flaps under this node's checks needs more passes to be healthy again; default false. */
  readonly flapDamping: boolean;
  /** Whether one node reports the load of all, or each its own; default `merged`. */
  readonly load: LoadMode;
  /** Endpoints that this node announces, whoever serves them. */
  readonly announce: readonly AnnouncementPlan[];
  /** The runtime has a layer that all nodes of the mesh share. */
  readonly hasRuntimeLayer: boolean;
}

/** `embedded`: the one on this port of loopback that some node of this machine runs. */
export type BrokerPlan = { readonly kind: "embedded"; readonly port: number } | NatsPlan;

/** Whether all who meet there are on this machine, as far as the addresses tell: only then a loopback address means the same to all. */
export function isOnThisMachine(broker: BrokerPlan): boolean {
  if (broker.kind === "embedded") return true;
  return broker.servers.every((server) => isLoopback(/^\w+:\/\/(.*):\d+$/.exec(server)?.[1] ?? ""));
}

/** A NATS server or cluster. Files are named, not kept: what is renewed takes effect with the next connection. Null: there is none. */
export interface NatsPlan {
  readonly kind: "nats";
  /** `tls://host:port`, an IPv6 host in brackets; at least one. `nats://` for all of them: cleartext, on loopback only. */
  readonly servers: readonly string[];
  /** PEM of the authority of the servers' certificates; null: those that Node trusts. */
  readonly caFile: string | null;
  /** PEM of the certificate that the servers are shown, and of its key; both or none. */
  readonly certFile: string | null;
  readonly keyFile: string | null;
  /** Who the node says it is: an nkey's seed, or a .creds file; not both. */
  readonly nkeySeedFile: string | null;
  readonly credentialsFile: string | null;
}
