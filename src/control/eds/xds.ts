// What clients and this node say to each other, as plain data: read and written by wire.ts, understood by subscriber.ts.

/** Which variant of the protocol a stream speaks. */
export type Dialect = "sotw" | "delta";

/** What a client said. */
export type XdsRequest = {
  /** Empty: that of the service. */
  readonly typeUrl: string;
  /** node.id; may come with the first request only. */
  readonly node: string;
  /** Of the response that it acknowledges; empty: none. */
  readonly nonce: string;
  /** Why it did not take the response; null: it did. */
  readonly error: string | null;
} & (
  | { readonly dialect: "sotw"; readonly names: readonly string[] }
  | {
      readonly dialect: "delta";
      readonly subscribe: readonly string[];
      readonly unsubscribe: readonly string[];
      /** What it has from an earlier stream. */
      readonly versions: ReadonlyMap<string, string>;
    }
);

/** One assignment. */
export interface Resource {
  readonly name: string;
  readonly version: string;
  /** A google.protobuf.Any. */
  readonly bytes: Uint8Array;
}

/** What there is of a name. `awaited`: a cluster of which nothing can be told yet. */
export type Found = Resource | "unknown" | "awaited";

/** A response. */
export interface Push {
  readonly dialect: Dialect;
  readonly nonce: string;
  readonly version: string;
  readonly resources: readonly Resource[];
  /** Names that do not exist; a state-of-the-world response cannot say so. */
  readonly removed: readonly string[];
}
