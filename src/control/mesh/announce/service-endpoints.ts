// The endpoints of one service as its announcers have them: an address once, however many announce it. Answers with what changed.
// Used by announce-behaviour.ts only.
import { equalData } from "../../../base/equal-data.ts";
import { addressText } from "../../../config/plan/address.ts";
import { type AnnouncedEndpoint, SOURCE_METADATA } from "../../../config/plan/announcement.ts";
import type { EndpointPlan } from "../../../config/plan/cluster.ts";
import { NO_ENDPOINT_CHECK } from "../../../config/plan/health-check.ts";

/** What became of a service since it was last asked. */
export interface ServiceChange {
  readonly removed: readonly EndpointPlan[];
  readonly added: readonly EndpointPlan[];
  /** Endpoints that stay have other facts: the set is to be told whole. */
  readonly isWhole: boolean;
}

/** Who announces. Of several with one address the least key counts, so that every node balances alike. */
export interface Announcing {
  readonly key: string;
  readonly node: string;
}

/** One service. */
export class ServiceEndpoints {
  private readonly addresses = new Map<string, Address>();
  /** How each address that was touched stood before; null: it was not there. */
  private readonly touched = new Map<string, EndpointPlan | null>();

  /** Every endpoint as it is now. */
  all(): EndpointPlan[] {
    return Array.from(this.addresses.values(), ({ shown }) => shown);
  }

  /** An announcer has other endpoints from now on. */
  replace(
    who: Announcing,
    before: readonly AnnouncedEndpoint[],
    after: readonly AnnouncedEndpoint[],
    wallMs: number,
  ): void {
    const stays = new Set(after.map(keyOf));
    for (const endpoint of before) if (!stays.has(keyOf(endpoint))) this.drop(who, keyOf(endpoint));
    for (const endpoint of after) this.put(who, endpoint, wallMs);
  }

  /** What changed since the last call; null: nothing. */
  take(): ServiceChange | null {
    const removed: EndpointPlan[] = [];
    const added: EndpointPlan[] = [];
    let isWhole = false;
    for (const [key, before] of this.touched) {
      const after = this.addresses.get(key)?.shown ?? null;
      if (before === null && after !== null) added.push(after);
      if (before !== null && after === null) removed.push(before);
      if (before !== null && after !== null) isWhole ||= !equalData(before, after);
    }
    this.touched.clear();
    return removed.length + added.length > 0 || isWhole ? { removed, added, isWhole } : null;
  }

  private put(who: Announcing, endpoint: AnnouncedEndpoint, wallMs: number): void {
    const key = keyOf(endpoint);
    const held = this.addresses.get(key);
    this.touch(key, held);
    const sinceMs = held?.sinceMs ?? Math.round(wallMs);
    const address = held ?? { sinceMs, announcers: new Map(), shown: planOf(endpoint, who.node, sinceMs) };
    this.addresses.set(key, address);
    address.announcers.set(who.key, { node: who.node, endpoint });
    show(address);
  }

  private drop(who: Announcing, key: string): void {
    const address = this.addresses.get(key);
    if (address === undefined) return;
    this.touch(key, address);
    address.announcers.delete(who.key);
    if (address.announcers.size === 0) this.addresses.delete(key);
    else show(address);
  }

  private touch(key: string, address: Address | undefined): void {
    if (!this.touched.has(key)) this.touched.set(key, address?.shown ?? null);
  }
}

interface Address {
  /** Wall-clock time when it was first announced. */
  readonly sinceMs: number;
  readonly announcers: Map<string, { readonly node: string; readonly endpoint: AnnouncedEndpoint }>;
  shown: EndpointPlan;
}

function show(address: Address): void {
  let least = "";
  for (const key of address.announcers.keys()) if (least === "" || key < least) least = key;
  const one = address.announcers.get(least);
  if (one === undefined) return;
  const plan = planOf(one.endpoint, one.node, address.sinceMs);
  // What is told to go must be what came.
  if (!equalData(plan, address.shown)) address.shown = plan;
}

function planOf(endpoint: AnnouncedEndpoint, node: string, sinceMs: number): EndpointPlan {
  const balancing = endpoint.metadata["envoy.lb"] as { readonly canary?: unknown } | undefined;
  return {
    address: { kind: "socket", host: endpoint.host, port: endpoint.port, ipv4Compat: false },
    hostname: "",
    weight: endpoint.weight,
    priority: 0,
    locality: endpoint.locality,
    localityWeight: 0,
    health: "unknown",
    metadata: { ...endpoint.metadata, [SOURCE_METADATA]: { source: node, since_ms: sinceMs } },
    canary: balancing?.canary === true,
    check: NO_ENDPOINT_CHECK,
  };
}

function keyOf({ host, port }: AnnouncedEndpoint): string {
  return addressText({ kind: "socket", host, port, ipv4Compat: false });
}
