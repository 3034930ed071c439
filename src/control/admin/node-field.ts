// The field by which a node of a mesh says on every answer which node it is: what another one says in its place is not shown.
import type { MeshSource } from "./view.ts";

/** Its name. */
export const NODE_HEADER = "x-starling-node";

/** Its value: a name may have any characters. */
export function nodeHeader(node: string): string {
  return encodeURIComponent(node);
}

/** The field, or none where there is no mesh. */
export function nodeField(mesh: MeshSource | null): Readonly<Record<string, string>> {
  return mesh === null ? {} : { [NODE_HEADER]: nodeHeader(mesh.node) };
}
