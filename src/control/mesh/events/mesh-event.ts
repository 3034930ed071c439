// What a node tells the world of: the events of the mesh before they have bytes. The mesh actor makes them, write-event.ts words them.
import type { EndpointStanding } from "../../../messages/checking.ts";
import type { NodeNews } from "../../../messages/mesh.ts";
import type { RuntimeNews } from "../runtime/runtime-effects.ts";

/** One event. Texts and lists over their limits are cut when it is written. */
export type MeshEvent =
  | HealthChanged
  | OutlierChanged
  | NodeChanged
  | RuntimeChanged
  | (NodeNews & { readonly id: string });

/** A verdict changed. */
export interface HealthChanged {
  readonly type: "health-changed";
  /** The same from whichever node publishes it. */
  readonly id: string;
  readonly cluster: string;
  /** `192.0.2.1:8080` */
  readonly endpoint: string;
  /** Null: there was no verdict. */
  readonly from: EndpointStanding | null;
  readonly to: EndpointStanding;
  readonly reason: string;
  /** `node`: only the publisher's verdict. */
  readonly scope: "mesh" | "node";
  /** Names of the nodes whose observations decided. */
  readonly observers: readonly string[];
}

/** Outlier detection of the publisher put an endpoint out or took it back; others do not follow. */
export interface OutlierChanged {
  readonly type: "outlier-changed";
  readonly id: string;
  readonly cluster: string;
  readonly endpoint: string;
  readonly change: "ejected" | "returned";
  /** Of an ejection: Envoy's name of its kind. */
  readonly reason: string;
  /** So many so far. */
  readonly ejections: number;
}

/** A node came, changed or went. `lost` is told by another node. */
export interface NodeChanged {
  readonly type: "node-changed";
  readonly id: string;
  readonly node: string;
  readonly change: "joined" | "ready" | "draining" | "left" | "lost";
}

/** A runtime key of the mesh was changed, moved, put back, or was not to be changed. */
export interface RuntimeChanged extends RuntimeNews {
  readonly type: "runtime-changed";
}
