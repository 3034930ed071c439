// What a node is to others: its roles, its name in the mesh, and the broker through which it meets them. Made by compile/mesh.ts.

/** What a node can do. It does all of it unless told. */
export const NODE_ROLES = ["proxy", "health", "load"] as const;

/** `proxy`: serves listeners. `health`: probes endpoints. `load`: reports load. */
export type NodeRole = (typeof NODE_ROLES)[number];

/** A node's place in a mesh. */
export interface MeshPlan {
  /** Default `default`; only nodes of one mesh hear each other. Letters, digits, `-` and `_`, 64 at most. */
  readonly name: string;
  /** At most 64 bytes. */
  readonly node: string;
  /** The name was given: another living node that has it is a mistake. Else it is node.id and four random characters. */
  readonly isNodeNamed: boolean;
  readonly broker: BrokerPlan;
}

/** `embedded`: the one on this port of loopback that some node of this machine runs. */
export type BrokerPlan = { readonly kind: "embedded"; readonly port: number } | NatsPlan;

/** A NATS server or cluster. */
export interface NatsPlan {
  readonly kind: "nats";
  /** `host:port`, an IPv6 host in brackets; at least one. */
  readonly servers: readonly string[];
  /** Null: cleartext, on loopback only. */
  readonly tls: BrokerTlsPlan | null;
  readonly identity: BrokerIdentity;
}

/** How the broker's certificate is checked and which one it is shown. */
export interface BrokerTlsPlan {
  /** Empty: the authorities that Node trusts. */
  readonly caPem: string;
  /** Empty, as the key: none. */
  readonly chainPem: string;
  readonly keyPem: string;
}

/** Who the node says it is. `seed`: an nkey's, beginning with SU. `text`: a whole .creds file. */
export type BrokerIdentity =
  | { readonly kind: "none" }
  | { readonly kind: "nkey"; readonly seed: string }
  | { readonly kind: "credentials"; readonly text: string };
