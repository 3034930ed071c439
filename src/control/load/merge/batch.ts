// What a node took from its counters at one moment, as numbered batches that each fit into one message of the mesh. Cut by handing.ts.
import type { ClusterLoad, EndpointLoad, LocalityLoad } from "../../../messages/load.ts";
import { isBusyLocality } from "./load-sum.ts";

/** Some of what a node took at one moment: it is reported whole or not at all. */
export interface LoadBatch {
  /** From 1, without a gap over the life of the node's load reporter. */
  readonly sequence: number;
  /** The first of those taken at one moment: its node's gauges begin anew. */
  readonly isFirst: boolean;
  readonly clusters: readonly ClusterLoad[];
}

/**
 * Loads in pieces of at most `BATCH_BYTES`, at least one, without clusters where nothing was counted or is under way, and without those
 * with names that nobody would carry.
 */
export function cutLoads(loads: readonly ClusterLoad[]): ClusterLoad[][] {
  const pieces: ClusterLoad[][] = [[]];
  let room = BATCH_BYTES;
  const put = (load: ClusterLoad, bytes: number): void => {
    if (bytes > room) {
      pieces.push([]);
      room = BATCH_BYTES;
    }
    room -= bytes;
    pieces.at(-1)?.push(load);
  };
  for (const load of loads) {
    const isIdle = !hasCounts(load) && !load.localities.some(isBusyLocality);
    if (isIdle || !hasSentNames(load)) continue;
    for (const part of parts(load)) put(part, bytesOfCluster(part));
  }
  return pieces;
}

/** What the bytes of a load are at most. */
export function bytesOfLoads(loads: readonly ClusterLoad[]): number {
  return loads.reduce((sum, load) => sum + bytesOfCluster(load), 0);
}

/** Whether something was counted. */
export function hasCounts({ localities, droppedTotal }: ClusterLoad): boolean {
  return (
    droppedTotal > 0 ||
    localities.some(({ success, error, issued, connections }) => {
      return success + error + issued + (connections?.opened ?? 0) + (connections?.failed ?? 0) > 0;
    })
  );
}

function hasSentNames({ cluster, serviceName, localities, dropped }: ClusterLoad): boolean {
  const places = localities.flatMap(({ locality: { region, zone, subZone } }) => [region, zone, subZone]);
  const names = [cluster, serviceName, ...places, ...dropped.map(({ category }) => category)];
  return dropped.length <= CATEGORIES_MAX && names.every((name) => Buffer.byteLength(name) <= NAME_BYTES_MAX);
}

/** A cluster that is too large for one message as several that make the same sum. */
function parts(load: ClusterLoad): readonly ClusterLoad[] {
  if (bytesOfCluster(load) <= BATCH_BYTES) return [load];
  const { cluster, serviceName } = load;
  let localities: LocalityLoad[] = [];
  const split: ClusterLoad[] = [{ ...load, localities }];
  let bytes = bytesOfCluster({ ...load, localities });
  for (const locality of load.localities.flatMap(localityParts)) {
    const more = bytesOfLocality(locality);
    if (bytes + more > BATCH_BYTES && localities.length > 0) {
      localities = [];
      const next = { cluster, serviceName, localities, droppedTotal: 0, dropped: [] };
      split.push(next);
      bytes = bytesOfCluster(next);
    }
    localities.push(locality);
    bytes += more;
  }
  return split;
}

/** Endpoints by the hundred; what the locality itself counted stands in the first. */
function localityParts(load: LocalityLoad): LocalityLoad[] {
  const { locality, priority, endpoints } = load;
  const first = { ...load, endpoints: endpoints.slice(0, ENDPOINTS_OF_PART) };
  const rest: LocalityLoad[] = [];
  for (let at = ENDPOINTS_OF_PART; at < endpoints.length; at += ENDPOINTS_OF_PART) {
    rest.push({ ...NOTHING, locality, priority, endpoints: endpoints.slice(at, at + ENDPOINTS_OF_PART) });
  }
  return [first, ...rest];
}

function bytesOfCluster({ cluster, serviceName, localities, dropped }: ClusterLoad): number {
  const own = Buffer.byteLength(cluster) + Buffer.byteLength(serviceName) + FRAME_BYTES;
  const drops = dropped.reduce((sum, { category }) => sum + Buffer.byteLength(category) + FRAME_BYTES, 0);
  return localities.reduce((sum, locality) => sum + bytesOfLocality(locality), own + drops);
}

function bytesOfLocality({ locality, connections, endpoints }: LocalityLoad): number {
  const { region, zone, subZone } = locality;
  const names = Buffer.byteLength(region) + Buffer.byteLength(zone) + Buffer.byteLength(subZone);
  const own = names + FRAME_BYTES + (connections === null ? 0 : CONNECTIONS_BYTES);
  return endpoints.reduce((sum, endpoint) => sum + bytesOfEndpoint(endpoint), own);
}

function bytesOfEndpoint({ address }: EndpointLoad): number {
  return Buffer.byteLength(address.kind === "pipe" ? address.path : address.host) + FRAME_BYTES;
}

/** Bytes of any name; longer ones are not reported. */
export const NAME_BYTES_MAX = 2_048;
/** Categories of requests that one cluster drops. */
export const CATEGORIES_MAX = 16;

const NOTHING = { success: 0, error: 0, issued: 0, inProgress: 0, connections: null };
const ENDPOINTS_OF_PART = 100;
/** Tags, lengths and numbers of one message in another: six numbers of seven bytes and their tags. */
const FRAME_BYTES = 64;
/** Three numbers with their tags. */
const CONNECTIONS_BYTES = 24;
/** A message of the bus has 64 KiB: the rest is for who says it. */
const BATCH_BYTES = 56 * 1_024;
