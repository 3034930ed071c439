// What the LRS server has asked the mesh for: the reporter knows it from its stream, the others from the reporter, page by page.
import { createHash } from "node:crypto";
import type { FollowedClusters } from "../../../messages/load.ts";
import { NAME_BYTES_MAX } from "./batch.ts";

/** What every node counts from then on. */
export interface Subscription {
  /** 64 bits in hex of everything below: equal subscriptions of two reporters are one. */
  readonly id: string;
  readonly clusters: FollowedClusters;
  readonly intervalMs: number;
  readonly hasEndpoints: boolean;
}

/** Some names of a subscription. */
export interface SubscriptionPage extends Omit<Subscription, "clusters"> {
  readonly sendsAll: boolean;
  /** Names of it before this page, and altogether. */
  readonly from: number;
  readonly total: number;
  readonly names: readonly string[];
}

/** A subscription with its id; names that no batch would carry are left out, and those beyond `SUBSCRIBED_MAX`. */
export function subscriptionOf(wanted: Omit<Subscription, "id">): Subscription {
  const { clusters, hasEndpoints } = wanted;
  const intervalMs = Math.min(INTERVAL_MS_MAX, Math.max(1, Math.round(wanted.intervalMs)));
  const kept = clusters === "all" ? clusters : [...new Set(clusters)].filter(isCarried).sort().slice(0, SUBSCRIBED_MAX);
  const text = JSON.stringify([kept, intervalMs, hasEndpoints]);
  const id = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return { id, clusters: kept, intervalMs, hasEndpoints };
}

/** The page that starts with this name. */
export function pageOf({ clusters, ...rest }: Subscription, from: number): SubscriptionPage {
  if (clusters === "all") return { ...rest, sendsAll: true, from: 0, total: 0, names: [] };
  const names: string[] = [];
  let room = PAGE_BYTES;
  for (let at = from; at < clusters.length && names.length < PAGE_NAMES_MAX; at++) {
    const name = clusters[at] as string;
    room -= Buffer.byteLength(name) + NAME_FRAME_BYTES;
    if (room < 0) break;
    names.push(name);
  }
  return { ...rest, sendsAll: false, from: Math.min(from, clusters.length), total: clusters.length, names };
}

/** Whether a subscription asks for a cluster. */
export function asksFor({ clusters }: Subscription, cluster: string): boolean {
  if (clusters === "all") return true;
  let low = 0;
  let high = clusters.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((clusters[middle] as string) < cluster) low = middle + 1;
    else high = middle;
  }
  return clusters[low] === cluster;
}

function isCarried(name: string): boolean {
  return Buffer.byteLength(name) <= NAME_BYTES_MAX;
}

/** Names of one page. */
export const PAGE_NAMES_MAX = 4_000;
/** Clusters that a mesh reports on. */
export const SUBSCRIBED_MAX = 20_000;
/** Longer ones are as good as none: a day. */
export const INTERVAL_MS_MAX = 86_400_000;
const PAGE_BYTES = 56 * 1_024;
const NAME_FRAME_BYTES = 4;
