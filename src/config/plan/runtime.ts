// The layered runtime: which layers a plan has, and the values of all of them together as any thread asks for them. The plan is made by
// compile/runtime.ts; what layers say while a node runs is put together by supervisor/runtime/runtime-stack.ts, and told flattened.
import type { GrpcServicePlan } from "./grpc-service.ts";
import { runtimeValue } from "./runtime-value.ts";

/** Envoy's `layered_runtime`; later layers win. */
export interface RuntimePlan {
  readonly layers: readonly RuntimeLayerPlan[];
}

/** Texts by dotted key. */
export type RuntimeEntries = Readonly<Record<string, string>>;

/** One layer. What is not static is filled while the node runs: each kind by its source in supervisor/runtime/. */
export type RuntimeLayerPlan = StaticLayerPlan | AdminLayerPlan | DiskLayerPlan | RtdsLayerPlan | MeshLayerPlan;

/** Entries that the file itself has. */
export interface StaticLayerPlan {
  readonly kind: "static";
  readonly name: string;
  readonly entries: RuntimeEntries;
}

/** What /runtime_modify sets; a plan has at most one. */
export interface AdminLayerPlan {
  readonly kind: "admin";
  readonly name: string;
}

/** Files below `root/subdirectory`, with `appendServiceCluster` below that directory's folder of the node's cluster. Read again when `root` is moved. */
export interface DiskLayerPlan {
  readonly kind: "disk";
  readonly name: string;
  readonly root: string;
  readonly subdirectory: string;
  readonly appendServiceCluster: boolean;
}

/** What all nodes of the mesh share; a plan has at most one, and only in a mesh. */
export interface MeshLayerPlan {
  readonly kind: "mesh";
  readonly name: string;
}

/** What a discovery server or a file of its response says: one resource, envoy.service.runtime.v3.Runtime. */
export interface RtdsLayerPlan {
  readonly kind: "rtds";
  readonly name: string;
  /** The resource's name. */
  readonly resource: string;
  readonly source: RtdsSourcePlan;
  /** initial_fetch_timeout: listeners wait so long for the first answer; Infinity: for ever. */
  readonly firstAnswerMs: number;
}

/** `file`: a DiscoveryResponse, read again when it is moved there. `stream`: the runtime service's own, or that of all types (ADS). */
export type RtdsSourcePlan =
  | { readonly kind: "file"; readonly path: string }
  | {
      readonly kind: "grpc";
      readonly service: GrpcServicePlan;
      readonly dialect: "sotw" | "delta";
      readonly stream: "own" | "aggregated";
    };

/** Final runtime values. */
export interface RuntimeView {
  /** The final text of a key, undefined when no layer sets it. */
  get(key: string): string | undefined;
  /** Changes whenever an entry may have; absent: none ever does. */
  readonly version?: number;
  /** Whether a key begins so; absent: it may. */
  hasAny?(prefix: string): boolean;
}

/** A whole number of the runtime (decimals are cut off), `otherwise` when the key is absent, negative or no number, as Envoy's. */
export function runtimeInteger(runtime: RuntimeView, key: string, otherwise: number): number {
  const text = runtime.get(key);
  return text === undefined ? otherwise : (runtimeValue(text).integer ?? otherwise);
}

/** A number of the runtime, `otherwise` when the key is absent or no number. */
export function runtimeDecimal(runtime: RuntimeView, key: string, otherwise: number): number {
  const text = runtime.get(key);
  return text === undefined ? otherwise : (runtimeValue(text).decimal ?? otherwise);
}

/** A truth of the runtime, `otherwise` when the key is absent, empty or neither true nor false. */
export function runtimeFlag(runtime: RuntimeView, key: string, otherwise: boolean): boolean {
  const text = key === "" ? undefined : runtime.get(key)?.trim().toLowerCase();
  return text === "true" || (text !== "false" && otherwise);
}

/** Entries of layers in their order, the later ones over the earlier ones. */
export function flattened(layers: Iterable<{ readonly entries: RuntimeEntries }>): Record<string, string> {
  const entries: Record<string, string> = {};
  for (const layer of layers) Object.assign(entries, layer.entries);
  return entries;
}

/** What a plan's static layers say: all that is known without a running node. */
export function staticRuntime({ layers }: RuntimePlan): RuntimeView {
  return new RuntimeValues(flattened(layers.filter((layer) => layer.kind === "static")));
}

/** Values that are replaced as a whole when a layer changes. */
export class RuntimeValues implements RuntimeView {
  version: number = 0;
  private entries: ReadonlyMap<string, string>;

  constructor(entries: RuntimeEntries = {}) {
    this.entries = new Map(Object.entries(entries));
  }

  get(key: string): string | undefined {
    return this.entries.get(key);
  }

  hasAny(prefix: string): boolean {
    for (const key of this.entries.keys()) if (key.startsWith(prefix)) return true;
    return false;
  }

  /** From now on these are all there are. */
  assign(entries: RuntimeEntries): void {
    this.entries = new Map(Object.entries(entries));
    this.version++;
  }
}
