// Who counted what in a load report, in the metadata of its node: a server that looks there counts nothing twice, whoever sends it again.
// Written by the reporter of a mesh, read by our own server.
import { type AddressPlan, addressText } from "../../config/plan/address.ts";
import type { ClusterLoad, EndpointLoad, LoadCounts, LocalityLoad } from "../../messages/load.ts";
import { connectionCounts } from "./connection-counts.ts";

/** What one life of one node's load reporter counted, numbered; of two with one number only one counts. */
export interface NodeShare {
  readonly node: string;
  /** 128 bits in hex. */
  readonly instance: string;
  /** Grows over the life: when one has come, those before it have, or never will. */
  readonly sequence: number;
  readonly clusters: readonly ClusterLoad[];
}

/** Plain JSON: what is 0 or empty is left out. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Shares as the value of the metadata key `starling.nodes`. */
export function sharesJson(shares: readonly NodeShare[]): Json {
  return shares.map(({ node, instance, sequence, clusters }) => ({
    node,
    instance,
    sequence,
    clusters: clusters.map(clusterJson),
  }));
}

/** The shares that a value is; null: it is none. Never throws. */
export function readShares(value: Json): NodeShare[] | null {
  return listOf(value, readShare);
}

function clusterJson({ cluster, serviceName, localities, droppedTotal, dropped }: ClusterLoad): Json {
  return withoutEmpty({
    cluster,
    service: serviceName,
    localities: localities.map(localityJson),
    dropped_total: droppedTotal,
    dropped: Object.fromEntries(dropped.map(({ category, count }) => [category, count])),
  });
}

function localityJson({ locality, priority, connections, endpoints, ...counts }: LocalityLoad): Json {
  const { region, zone, subZone } = locality;
  const { success, error, issued, inProgress } = counts;
  return withoutEmpty({
    region,
    zone,
    sub_zone: subZone,
    priority,
    success,
    error,
    issued,
    in_progress: inProgress,
    cx_total: connections?.opened ?? 0,
    cx_connect_fail: connections?.failed ?? 0,
    cx_active: connections?.active ?? 0,
    endpoints: Object.fromEntries(
      endpoints.map((one) => [addressText(one.address), [one.success, one.error, one.issued, one.inProgress]]),
    ),
  });
}

function withoutEmpty(fields: Readonly<Record<string, Json>>): Json {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) =>
        value !== "" && value !== 0 && !(typeof value === "object" && value !== null && isEmpty(Object.keys(value))),
    ),
  );
}

function isEmpty(list: readonly unknown[]): boolean {
  return list.length === 0;
}

type Fields = Readonly<Record<string, Json>>;

function readShare(value: Json): NodeShare | null {
  const fields = fieldsOf(value);
  if (fields === null) return null;
  const { node, instance, sequence } = fields;
  const clusters = listOf(fields["clusters"] ?? [], readCluster);
  const isNamed = typeof node === "string" && typeof instance === "string" && instance !== "";
  if (!isNamed || !isCount(sequence) || clusters === null) return null;
  return { node, instance, sequence, clusters };
}

function readCluster(value: Json): ClusterLoad | null {
  const fields = fieldsOf(value);
  const localities = listOf(fields?.["localities"] ?? [], readLocality);
  const drops = fieldsOf(fields?.["dropped"] ?? {});
  if (fields === null || localities === null || drops === null) return null;
  const { cluster, service = "", dropped_total: droppedTotal = 0 } = fields;
  const dropped = listOf(Object.entries(drops), readDrop);
  if (typeof cluster !== "string" || typeof service !== "string" || !isCount(droppedTotal) || dropped === null) {
    return null;
  }
  return { cluster, serviceName: service, localities, droppedTotal, dropped };
}

function readDrop(value: Json): ClusterLoad["dropped"][number] | null {
  const [category, count] = value as readonly [string, Json];
  return isCount(count) ? { category, count } : null;
}

function readLocality(value: Json): LocalityLoad | null {
  const fields = fieldsOf(value);
  const endpoints = fieldsOf(fields?.["endpoints"] ?? {});
  if (fields === null || endpoints === null) return null;
  const { region = "", zone = "", sub_zone: subZone = "", priority = 0 } = fields;
  const { success = 0, error = 0, issued = 0, in_progress: inProgress = 0 } = fields;
  const { cx_total: opened = 0, cx_connect_fail: failed = 0, cx_active: active = 0 } = fields;
  const counts = readCounts([success, error, issued, inProgress]);
  const each = listOf(Object.entries(endpoints), readEndpoint);
  const isPlace = typeof region === "string" && typeof zone === "string" && typeof subZone === "string";
  if (!isPlace || !isCount(priority) || counts === null || each === null) return null;
  if (!isCount(opened) || !isCount(failed) || !isCount(active)) return null;
  const connections = connectionCounts(opened, failed, active);
  return { locality: { region, zone, subZone }, priority, ...counts, connections, endpoints: each };
}

function readEndpoint(value: Json): EndpointLoad | null {
  const [text, numbers] = value as readonly [string, Json];
  const counts = readCounts(numbers);
  return counts === null ? null : { address: addressOf(text), ...counts };
}

function readCounts(value: Json): LoadCounts | null {
  if (!Array.isArray(value) || value.length !== 4 || !value.every(isCount)) return null;
  const [success, error, issued, inProgress] = value as [number, number, number, number];
  return { success, error, issued, inProgress };
}

/** As `addressText` wrote it. */
function addressOf(text: string): AddressPlan {
  const [, six, four, port] = /^(?:\[(.*)\]|([^:/@]*)):(\d+)$/.exec(text) ?? [];
  if (port === undefined) return { kind: "pipe", path: text, mode: 0 };
  return { kind: "socket", host: six ?? four ?? "", port: Number(port), ipv4Compat: false };
}

function fieldsOf(value: Json): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function listOf<One>(value: Json, read: (one: Json) => One | null): One[] | null {
  if (!Array.isArray(value)) return null;
  const all: One[] = [];
  for (const one of value) {
    const item = read(one);
    if (item === null) return null;
    all.push(item);
  }
  return all;
}

function isCount(value: Json | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
