// One picture of `starling top`, as lines: a pure function of two samples of a node's admin pages. Called by top.ts.
import {
  duration,
  endpointLines,
  groupLine,
  memberLines,
  type ShownMesh,
  standingLines,
} from "../../control/mesh/view/mesh-text.ts";
import type { EndpointView, MeshView } from "../../messages/mesh-view.ts";

/** What /mesh?format=json says. */
export type MeshSample = MeshView & ShownMesh;

/** What the node said at one time. */
export interface TopSample {
  /** Monotonic. */
  readonly atMs: number;
  /** Counters and gauges by name. */
  readonly stats: ReadonlyMap<string, number>;
  /** Null: the node is in no mesh. */
  readonly mesh: MeshSample | null;
}

/** The picture, as many lines as there are; rates need the sample before. */
export function topFrame(sample: TopSample, before: TopSample | null): string[] {
  const { mesh } = sample;
  const lines = trafficLines(sample, before);
  if (mesh === null) return [...lines, "", "the node is in no mesh"];
  lines.push("", ...standingLines(mesh, mesh), meshCounts(sample, before), "", ...memberLines(mesh));
  for (const group of mesh.groups) {
    lines.push("", groupLine(group));
    if (group.endpoints.length > 0) lines.push(...endpointLines([...group.endpoints].sort(worstFirst)));
  }
  if (mesh.endpointsLeftOut > 0) lines.push("", `${mesh.endpointsLeftOut} endpoints are left out: see --cluster`);
  return lines;
}

/** Names of the statistics that a picture needs, for /stats?filter=. */
export const TOP_FILTER =
  "^http\\..*\\.downstream_(rq_total|rq_active|rq_5xx|cx_active)$|^cluster\\..*\\.(upstream_rq_total|health_check\\.attempt)$|^mesh\\.|^server\\.uptime$";

function trafficLines(sample: TopSample, before: TopSample | null): string[] {
  const uptimeS = sample.stats.get("server.uptime") ?? 0;
  const rate = (pattern: RegExp): string => rateOf(sample, before, pattern);
  const now = (pattern: RegExp): number => total(sample, pattern);
  return [
    `up ${duration(uptimeS * 1_000)}; requests ${rate(REQUESTS)}, of them 5xx ${rate(FAILURES)}; ` +
      `${now(ACTIVE)} under way on ${now(CONNECTIONS)} connections`,
    `upstream requests ${rate(UPSTREAM)}; health checks ${rate(PROBES)}`,
  ];
}

function meshCounts(sample: TopSample, before: TopSample | null): string {
  const rate = (name: string): string => rateOf(sample, before, new RegExp(`^mesh\\.${name}$`));
  return `messages received ${rate("bus_received")}, sent ${rate("bus_sent")}; verdicts changed ${rate("verdicts")}`;
}

/** Sum of what the pattern selects; the admin listener's own traffic is nobody's. */
function total({ stats }: TopSample, pattern: RegExp): number {
  let sum = 0;
  for (const [name, value] of stats) if (pattern.test(name) && !name.startsWith("http.admin.")) sum += value;
  return sum;
}

function rateOf(sample: TopSample, before: TopSample | null, pattern: RegExp): string {
  if (before === null) return `${total(sample, pattern)} so far`;
  const seconds = Math.max(0.001, (sample.atMs - before.atMs) / 1_000);
  const rate = Math.max(0, total(sample, pattern) - total(before, pattern)) / seconds;
  return `${rate >= 10 ? rate.toFixed(0) : rate.toFixed(1)}/s`;
}

function worstFirst(a: EndpointView, b: EndpointView): number {
  return WORST.indexOf(a.standing) - WORST.indexOf(b.standing);
}

const WORST: readonly EndpointView["standing"][] = ["unhealthy", "degraded", "unknown", "healthy"];
const REQUESTS = /^http\..*\.downstream_rq_total$/;
const FAILURES = /^http\..*\.downstream_rq_5xx$/;
const ACTIVE = /^http\..*\.downstream_rq_active$/;
const CONNECTIONS = /^http\..*\.downstream_cx_active$/;
const UPSTREAM = /^cluster\..*\.upstream_rq_total$/;
const PROBES = /^cluster\..*\.health_check\.attempt$/;
