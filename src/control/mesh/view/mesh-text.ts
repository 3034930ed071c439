// A view of the mesh as lines of text: for /mesh and `starling top`. What peers say of themselves is shown without what a terminal acts on.

import { isoTime } from "../../../base/iso-time.ts";
import type { RuntimeKeyView } from "../../../messages/mesh-runtime.ts";
import type { EndpointView, GroupView, MemberView, MeshView, ObservationView } from "../../../messages/mesh-view.ts";
import { printable } from "../events/read-event.ts";

/** What a view belongs to. */
export interface ShownMesh {
  readonly mesh: string;
  /** Where its broker is. */
  readonly broker: string;
}

/** Where this node stands, in two lines, who reports the mesh's load, and what is wrong with it. */
export function standingLines({ mesh, broker }: ShownMesh, view: MeshView): string[] {
  const { node, phase, isBusUp, busAgeMs, isAlone, reason, loadReporter } = view;
  const alone = isAlone ? "; alone, it checks every endpoint itself" : "";
  return [
    `mesh ${mesh}: node ${node} is ${phase}`,
    `broker ${broker}: ${isBusUp ? "connected" : "not connected"} for ${duration(busAgeMs)}${alone}`,
    ...(loadReporter === null ? [] : [`load of the mesh is reported by ${loadReporter}`]),
    ...(reason === "" ? [] : [`not well: ${reason}`]),
  ].map(printable);
}

/** Every node with what it says of itself. */
export function memberLines({ members }: MeshView): string[] {
  return aligned([
    [
      "NODE",
      "LIFE",
      "PHASE",
      "ROLES",
      "ZONE",
      "ADMIN",
      "BEAT",
      "JUDGE",
      "COVERS",
      "CHANGE",
      "DIGEST",
      "ENTRIES",
      "EPOCH",
      "INSTANCE",
    ],
    ...members.map(memberCells),
  ]);
}

/** The runtime layer that the mesh shares, and each of its keys. */
export function runtimeLines({ runtime }: MeshView): string[] {
  if (runtime === null)
    return ["runtime: this node's configuration has no runtime_layer, what the mesh says is ignored"];
  const { version, keys } = runtime;
  const running = keys.filter(({ phase }) => phase === "running").length;
  const head = `runtime of the mesh: ${keys.length} ${keys.length === 1 ? "key" : "keys"}, version ${version}, ${running} moving`;
  return [head, ...(keys.length === 0 ? [] : aligned([KEY_CELLS, ...keys.map(keyCells)]))];
}

/** A group's totals in one line. */
export function groupLine(group: GroupView): string {
  const { cluster, intervalMs, hasTraffic, candidates, standings, probedHere } = group;
  const counts = Object.entries(standings).filter(([, count]) => count > 0);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const says = counts.map(([standing, count]) => `${count} ${standing}`).join(", ");
  const traffic = hasTraffic ? "" : " (no traffic)";
  return printable(
    `cluster ${cluster}, group ${group.group}: every ${duration(intervalMs)}${traffic}; ` +
      `${total} ${total === 1 ? "endpoint" : "endpoints"}${says === "" ? "" : `: ${says}`}; ${probedHere} probed here; checked by ${names(candidates)}`,
  );
}

/** Endpoints with who checks them and who saw what when. */
export function endpointLines(endpoints: readonly EndpointView[]): string[] {
  return aligned([
    ["ENDPOINT", "STANDING", "MESH", "OWNERS", "PROBED BY", "SEEN"],
    ...endpoints.map((endpoint) => [
      endpoint.address,
      endpoint.standing,
      endpoint.meshStanding,
      names(endpoint.owners),
      names(endpoint.probers),
      endpoint.observations.map(observationText).join("; ") + notesOf(endpoint),
    ]),
  ]);
}

/** `12.3s`, `4m`, `2h`. */
export function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1).replace(/\.0$/, "")}s`;
  return ms < 3_600_000 ? `${Math.floor(ms / 60_000)}m` : `${Math.floor(ms / 3_600_000)}h`;
}

function memberCells(member: MemberView): string[] {
  const { node, life, phase, roles, zone, adminAddress, beatAgeMs, judgeAgeMs, isCovering, isResigned } = member;
  const { changeNumber, digest, isComplete, entries, epoch, instance } = member;
  return [
    node,
    isResigned ? `${life}, resigned` : life,
    phase,
    roles.join(","),
    zone,
    adminAddress,
    life === "self" ? "" : age(beatAgeMs),
    age(judgeAgeMs),
    isCovering ? "yes" : "no",
    `${changeNumber}${isComplete ? "" : " (missing some)"}`,
    digest,
    String(entries),
    String(epoch),
    instance,
  ];
}

function keyCells({
  key,
  value,
  to,
  phase,
  step,
  steps,
  reason,
  guards,
  writer,
  version,
  driver,
  ...rest
}: RuntimeKeyView) {
  const way = phase === "running" && steps > 0 ? `step ${step} of ${steps} to ${to}` : "";
  const notes = [way, reason, guards.join(", ")].filter((text) => text !== "").join("; ");
  return [
    key,
    value || "not set",
    phase.replace("-", " "),
    String(version),
    writer,
    isoTime(rest.changedWallMs),
    driver,
    notes,
  ];
}

/** A peer tells of changes only: of its probes since then nothing is known here. */
function observationText({ node, standing, isOwn, ageMs, hold, cause, counts }: ObservationView): string {
  const how = counts ? `${hold}, ${cause}` : `${hold}, does not count`;
  const when = isOwn ? `probed ${age(ageMs)}` : `as told ${age(ageMs)}`;
  return `${node} ${standing}, ${when} (${how})`;
}

function notesOf({ reason, damping }: EndpointView): string {
  return `${reason === "" ? "" : ` — ${reason}`}${damping === 1 ? "" : ` — recovery damped ×${damping}`}`;
}

function names(nodes: readonly string[]): string {
  return nodes.length === 0 ? "nobody" : nodes.join(", ");
}

function age(ms: number | null): string {
  return ms === null ? "never" : `${duration(ms)} ago`;
}

/** Cells in columns as wide as their widest; an empty cell is a dash. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const shown = rows.map((cells) => cells.map((cell) => printable(cell) || "-"));
  const widths = (shown[0] ?? []).map((_, column) => Math.max(...shown.map((cells) => cells[column]?.length ?? 0)));
  return shown.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

const KEY_CELLS = ["KEY", "VALUE", "STATE", "VERSION", "WRITER", "CHANGED", "DRIVER", "MORE"];
