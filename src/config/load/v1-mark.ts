// Whether a file is of Envoy's v1 API (JSON, before 2018), so that its reader is told of that and not of unknown fields. Asked by
// load-config.ts and upgrade/.
import type { Written, WrittenEntry } from "./written.ts";

/** The entry by which a written file is of v1; null: it is none. */
export function v1Mark(root: Written): WrittenEntry | null {
  if (root.kind !== "map") return null;
  const keys = new Map(root.entries.map((entry) => [entry.key, entry]));
  // v1's bootstrap had its listeners at the top, beside a cluster manager that held the clusters.
  const isBootstrap = keys.get("listeners")?.value.kind === "list" && keys.has("cluster_manager");
  const entry = keys.get("route_config") ?? (isBootstrap ? keys.get("listeners") : undefined);
  return entry ?? null;
}
