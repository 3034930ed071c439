// What a server of load reports shows: statistics as text, JSON and for Prometheus, and its totals as JSON. Pure functions of what it knows.
// Called by lrs-admin.ts and by the terminal view.
import type { StatValue } from "../../../telemetry/stats-reader.ts";
import type { LrsServer } from "./lrs-actor.ts";
import { LRS_STATS } from "./lrs-behaviour.ts";
import { countsJson } from "./report-json.ts";
import type { ClusterTotals, LocalityTotals, Sums } from "./totals.ts";

/** What is looked at. */
export type ShownServer = Pick<LrsServer, "state" | "keepFailures">;

/** Every statistic by its name, as /stats has them. */
export function statValues(server: ShownServer): StatValue[] {
  const values = [...serverValues(server)].map((stat) => ({ ...stat, name: `lrs_server.${stat.name}` }));
  for (const cluster of server.state.totals.clusters.values()) {
    const prefix = `cluster.${cluster.cluster}.`;
    values.push(...sumValues(prefix, cluster.sums));
    values.push({ name: `${prefix}reports`, gauge: false, value: cluster.reports });
    values.push({ name: `${prefix}dropped`, gauge: false, value: cluster.dropped });
    for (const [category, value] of cluster.droppedBy) {
      values.push({ name: `${prefix}dropped.${category}`, gauge: false, value });
    }
    for (const locality of cluster.localities.values()) {
      values.push(...sumValues(`${prefix}locality.${localityName(locality)}.`, locality.sums));
    }
    for (const [address, sums] of endpointSums(cluster))
      values.push(...sumValues(`${prefix}endpoint.${address}.`, sums));
  }
  return values.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The same with labels, in Prometheus' text form. */
export function prometheusText(server: ShownServer): string {
  const families = new Map<string, { readonly gauge: boolean; readonly lines: string[] }>();
  const add = (name: string, labels: Labels, gauge: boolean, value: number): void => {
    const family = families.get(name) ?? { gauge, lines: [] };
    families.set(name, family);
    family.lines.push(`${name}${labelText(labels)} ${value}`);
  };
  const addSums = (prefix: string, labels: Labels, sums: Sums): void => {
    for (const { name, gauge, value } of sumValues(prefix, sums)) add(name, labels, gauge, value);
  };
  for (const { name, gauge, value } of serverValues(server)) add(`lrs_server_${name}`, [], gauge, value);
  for (const cluster of server.state.totals.clusters.values()) {
    const labels: Labels = [["envoy_cluster_name", cluster.cluster]];
    addSums("lrs_cluster_", labels, cluster.sums);
    add("lrs_cluster_reports", labels, false, cluster.reports);
    add("lrs_cluster_dropped", labels, false, cluster.dropped);
    for (const [category, value] of cluster.droppedBy) {
      add("lrs_cluster_dropped_by_category", [...labels, ["category", category]], false, value);
    }
    for (const locality of cluster.localities.values()) {
      const { region, zone, subZone, priority } = locality;
      const place: Labels = [
        ...labels,
        ["region", region],
        ["zone", zone],
        ["sub_zone", subZone],
        ["priority", `${priority}`],
      ];
      addSums("lrs_locality_", place, locality.sums);
      for (const { address, sums } of locality.endpoints.values()) {
        addSums("lrs_endpoint_", [...place, ["endpoint", address]], sums);
      }
    }
  }
  const names = [...families.keys()].sort();
  const lines = names.flatMap((name) => {
    const { gauge, lines } = families.get(name) ?? { gauge: false, lines: [] };
    return [`# TYPE ${name} ${gauge ? "gauge" : "counter"}`, ...lines];
  });
  return [...lines, ""].join("\n");
}

/** Totals and clients as plain data: the page /load. */
export function loadJson(server: ShownServer): unknown {
  const { state } = server;
  return {
    server: Object.fromEntries([...serverValues(server)].map(({ name, value }) => [name, value])),
    nodes: [...state.nodes.all()].map(({ id, cluster, streams, reports }) => ({ id, cluster, streams, reports })),
    clusters: [...state.totals.clusters.values()].map((cluster) => ({
      cluster: cluster.cluster,
      ...(cluster.service === "" ? {} : { service: cluster.service }),
      reports: cluster.reports,
      ...countsJson(cluster.sums),
      dropped: cluster.dropped,
      dropped_by: Object.fromEntries(cluster.droppedBy),
      localities: [...cluster.localities.values()].map(({ region, zone, subZone, priority, sums, endpoints }) => ({
        ...{ region, zone, sub_zone: subZone, priority },
        ...countsJson(sums),
        endpoints: [...endpoints.values()].map((endpoint) => ({
          address: endpoint.address,
          ...countsJson(endpoint.sums),
        })),
      })),
    })),
  };
}

/** `region/zone/sub_zone`, with `#priority` after a lower one; `none` where nothing was said. */
export function localityName({ region, zone, subZone, priority }: Omit<LocalityTotals, "sums" | "endpoints">): string {
  const place = region === "" && zone === "" && subZone === "" ? "none" : `${region}/${zone}/${subZone}`;
  return priority === 0 ? place : `${place}#${priority}`;
}

type Labels = readonly (readonly [label: string, value: string])[];

function* serverValues({ state, keepFailures }: ShownServer): Iterable<StatValue> {
  for (const name of LRS_STATS) yield { name, gauge: false, value: state.counts[name] };
  yield { name: "streams_active", gauge: true, value: state.streams.size };
  yield { name: "nodes", gauge: true, value: state.nodes.size };
  yield { name: "counts_folded", gauge: false, value: state.totals.folded };
  yield { name: "reports_not_kept", gauge: false, value: keepFailures };
}

/** Connections are shown where some were reported. */
function sumValues(prefix: string, sums: Sums): StatValue[] {
  const counts = { ...countsJson(sums) } as Readonly<Record<string, number>>;
  return Object.entries(counts).map(([name, value]) => ({
    name: `${prefix}${STAT_NAMES[name] ?? name}`,
    gauge: name.endsWith("active"),
    value,
  }));
}

/** An endpoint that clients put into several localities is one here. */
function endpointSums({ localities }: ClusterTotals): ReadonlyMap<string, Sums> {
  const all = new Map<string, Sums>();
  for (const { endpoints } of localities.values()) {
    for (const { address, sums } of endpoints.values()) {
      const held = all.get(address);
      all.set(address, held === undefined ? sums : added(held, sums));
    }
  }
  return all;
}

function added(a: Sums, b: Sums): Sums {
  return {
    success: a.success + b.success,
    error: a.error + b.error,
    issued: a.issued + b.issued,
    active: a.active + b.active,
    cxTotal: a.cxTotal + b.cxTotal,
    cxFailed: a.cxFailed + b.cxFailed,
    cxActive: a.cxActive + b.cxActive,
  };
}

function labelText(labels: Labels): string {
  const parts = labels.map(([label, value]) => {
    const escaped = value.replace(/[\\"\n]/g, (char) => (char === "\n" ? "\\n" : `\\${char}`));
    return `${label}="${escaped}"`;
  });
  return `{${parts.join(",")}}`;
}

/** As Envoy names an endpoint's in /clusters. */
const STAT_NAMES: Readonly<Record<string, string>> = {
  success: "rq_success",
  error: "rq_error",
  issued: "rq_total",
  active: "rq_active",
};
