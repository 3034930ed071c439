// /mesh: the mesh as this node sees it, text and JSON. There only on nodes of a mesh. The mesh actor is asked for each answer.
import type { MeshView } from "../../../messages/mesh-view.ts";
import {
  endpointLines,
  groupLine,
  memberLines,
  runtimeLines,
  type ShownMesh,
  standingLines,
} from "../../mesh/view/mesh-text.ts";
import { jsonAnswer, type Page, type PageAnswer, type PageContext, showing, textAnswer } from "../page.ts";
import type { MeshSource } from "../view.ts";

/** The page of a node in a mesh. */
export function meshPage(mesh: MeshSource): Page {
  return showing(
    "/mesh",
    "nodes of the mesh, who checks what and who saw it",
    (context, query) => answer(mesh, context, query),
    {
      cluster: "Only endpoints of this cluster",
      limit: "So many endpoints at most: 1000 by default, up to 10000",
      format: "File format to use, text or json. Default is text.",
    },
  );
}

async function answer(mesh: MeshSource, { stats }: PageContext, query: URLSearchParams): Promise<PageAnswer> {
  const limit = query.get("limit") ?? String(ENDPOINTS_DEFAULT);
  if (!/^\d{1,5}$/.test(limit) || Number(limit) > ENDPOINTS_MAX) {
    return textAnswer(`limit: '${limit}' is not a whole number up to ${ENDPOINTS_MAX}\n`, 400);
  }
  const view = await mesh.view({ cluster: query.get("cluster") ?? "", endpointsMax: Number(limit) });
  if (view === null) return textAnswer("the mesh actor does not answer; it is restarted when it has died\n", 503);
  const shown = { mesh: mesh.name, broker: mesh.broker };
  const counters = stats.values().filter(({ name }) => name.startsWith(PREFIX));
  if (query.get("format") === "json") {
    const totals = Object.fromEntries(counters.map(({ name, value }) => [name, value]));
    return jsonAnswer({ ...shown, ...view, counters: totals });
  }
  const totals = counters.map(({ name, value }) => `${name}: ${value}`);
  return textAnswer([...meshLines(shown, view), "", ...totals, ""].join("\n"));
}

function meshLines(shown: ShownMesh, view: MeshView): string[] {
  const { groups, endpointsLeftOut } = view;
  const lines = [...standingLines(shown, view), "", ...memberLines(view)];
  for (const group of groups) {
    lines.push("", groupLine(group));
    if (group.endpoints.length > 0) lines.push(...endpointLines(group.endpoints));
  }
  if (endpointsLeftOut > 0) lines.push("", `${endpointsLeftOut} endpoints are left out: ask with ?cluster= or ?limit=`);
  return [...lines, "", ...runtimeLines(view)];
}

const ENDPOINTS_DEFAULT = 1_000;
/** Ten megabytes of JSON: the main thread prints them in one go. */
const ENDPOINTS_MAX = 10_000;
const PREFIX = "mesh.";
