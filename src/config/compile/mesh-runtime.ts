// The place of the mesh's layer among the layers of the runtime: `runtime_layer` of the starling.mesh.v1.Mesh extension. Called by mesh.ts and
// bootstrap.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, text } from "../load/fields.ts";
import type { RuntimeLayerPlan, RuntimePlan } from "../plan/runtime.ts";
import type { CompileContext } from "./context.ts";

/** What the file says of it. */
export interface MeshLayerPlace {
  readonly name: string;
  /** The layer that it comes right after; empty: it is the last but for the admin layer. */
  readonly after: string;
  readonly message: CheckedMessage;
}

/** Reads it; null: the file has none. */
export function compileMeshLayer(extension: CheckedMessage | null): MeshLayerPlace | null {
  const message = extension === null ? undefined : child(extension, "runtime_layer");
  if (message === undefined) return null;
  return { name: text(message, "name") || NAME, after: text(message, "after") ?? "", message };
}

/** The layers with the mesh's among them. */
export function withMeshLayer(
  context: CompileContext,
  { layers }: RuntimePlan,
  place: MeshLayerPlace | null,
): RuntimePlan {
  if (place === null) return { layers };
  const { name, after, message } = place;
  if (layers.some((layer) => layer.name === name)) context.error(message, "name", `Duplicate layer name: ${name}`);
  const at = after === "" ? beforeAdmin(layers) : 1 + layers.findIndex((layer) => layer.name === after);
  if (at === 0 && after !== "") context.error(message, "after", `layered_runtime has no layer '${after}'`);
  return { layers: layers.toSpliced(at, 0, { kind: "mesh", name }) };
}

/** Whoever changes one node by its admin page means it. */
function beforeAdmin(layers: readonly RuntimeLayerPlan[]): number {
  const at = layers.findIndex(({ kind }) => kind === "admin");
  return at < 0 ? layers.length : at;
}

const NAME = "mesh";
