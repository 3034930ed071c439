// One endpoint of one cluster on this worker: its facts, its health, its counters and its pools. Made by endpoint-table.ts, picked by
// the balancers. What few requests need (text, counters, pools) is made when first asked for: a cluster may have 100,000 of these.
import { type AddressPlan, addressText } from "../../config/plan/address.ts";
import type { LocalityPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts } from "../../config/plan/endpoint-set.ts";
import { hashKeyOf } from "../../telemetry/hash-shares.ts";
import { HealthFlag, type HealthTable, healthStatusFlags } from "../../telemetry/health-table.ts";
import type { UseTable } from "../../telemetry/use-table.ts";
import type { HashHost } from "./balance/hash-balancer.ts";
import type { FlaggedHost } from "./balance/host-set.ts";
import type { SlowStart, StartingHost } from "./balance/slow-start.ts";
import { GONE_BLOCK, type HostBlocks } from "./host-blocks.ts";
import type { Pool } from "./pool.ts";
import type { RawConnection } from "./raw-connection.ts";
import type { Endpoint } from "./upstream.ts";

/** What the endpoints of a cluster share. */
export interface EndpointHome {
  /** Prefix of HOST blocks: `host.<cluster>.`. */
  readonly hostPrefix: string;
  readonly blocks: HostBlocks;
  readonly health: HealthTable;
  /** Active requests by slot over all workers; null when nobody balances by them. */
  readonly load: UseTable | null;
  /** The same table where connections of an endpoint are limited; null: nobody asks. */
  readonly connections: UseTable | null;
  /** Told when health or members changed; null: nobody starts slowly. */
  readonly slowStart: SlowStart | null;
  /** Takes an endpoint out at once, by slot; null when the cluster has no active checks. */
  readonly failAtOnce: ((slot: number) => void) | null;
}

/** An endpoint as the table holds it. */
export class UpstreamEndpoint implements Endpoint, FlaggedHost, HashHost, StartingHost {
  readonly address: AddressPlan;
  readonly slot: number;
  /** Newest facts; weight, priority, health, hostname and metadata may change while the endpoint lives. */
  facts: EndpointFacts;
  weight: number = 1;
  isRetired: boolean = false;
  wellSinceMs: number = -1;
  /** Pools by protocol and priority (upstream-cluster.ts); null before the first request. */
  pools: (Pool | null)[] | null = null;
  /** Pools of clusters that take the server name from the request, by key; null before the first request. */
  namedPools: Map<string, Pool> | null = null;
  /** Raw connections to it that were dialled and are not over. */
  raws: number = 0;
  /** Those that wait for the end of another one, first come first (raw-connection.ts). */
  waitingRaws: readonly RawConnection[] = NO_RAWS;
  private readonly home: EndpointHome;
  private ownFlags = 0;
  /** Of FAILURES those that were up when it was looked last. */
  private seenFailures = 0;
  private block: Float64Array | null = null;
  private shown: string | null = null;
  private active = 0;

  constructor(home: EndpointHome, facts: EndpointFacts) {
    this.home = home;
    this.address = facts.address;
    this.slot = facts.slot;
    this.facts = facts;
    this.change(facts);
  }

  /** Takes newer facts of the same address. */
  change(facts: EndpointFacts): void {
    this.facts = facts;
    this.weight = Math.max(1, facts.weight);
    this.ownFlags = healthStatusFlags(facts.health);
  }

  get hostname(): string {
    return this.facts.hostname;
  }

  get metadata(): Readonly<Record<string, unknown>> {
    return this.facts.metadata;
  }

  get isCanary(): boolean {
    return this.facts.canary;
  }

  get locality(): LocalityPlan {
    return this.facts.locality;
  }

  get localityWeight(): number {
    return this.facts.localityWeight;
  }

  hashKey(usesHostname: boolean): string {
    return hashKeyOf(this.facts, usesHostname);
  }

  get text(): string {
    this.shown ??= addressText(this.address);
    return this.shown;
  }

  get stats(): Float64Array {
    this.block ??= this.home.blocks.take(this.prefix());
    return this.block;
  }

  healthFlags(): number {
    return this.ownFlags | (this.home.health.flags[this.slot] as number);
  }

  /** Flags may have changed. Of one that begins to fail the connections end, as in Envoy: new ones may have a better path. */
  reviewHealth(): void {
    const failures = this.healthFlags() & FAILURES;
    const isNews = (failures & ~this.seenFailures) !== 0;
    this.seenFailures = failures;
    if (isNews) for (const pool of this.allPools()) pool.drainConnections();
  }

  activeRequests(): number {
    return this.home.load === null ? this.active : this.home.load.sum(this.slot, 0);
  }

  failAtOnce(): void {
    // Of one that has left, the slot may be another's by now.
    if (!this.isRetired && !this.facts.check.disabled) this.home.failAtOnce?.(this.slot);
  }

  /** Counts requests in flight. */
  addActive(change: number): void {
    this.active += change;
    this.home.load?.add(this.slot, 0, change);
  }

  /** Connections of all workers; only where they are limited. */
  openConnections(): number {
    return this.home.connections?.sum(this.slot, CONNECTIONS) ?? 0;
  }

  /** Counts connections. */
  addConnections(change: 1 | -1): void {
    this.home.connections?.add(this.slot, CONNECTIONS, change);
  }

  /** It left the cluster: in-flight requests finish, nothing new begins. */
  retire(): void {
    this.isRetired = true;
    for (const pool of this.allPools()) pool.drain();
    this.onPoolEmpty();
  }

  /** One of its pools holds nothing any more, or a raw connection is over. When it has left and none is, its counters are given back. */
  onPoolEmpty(): void {
    if (!this.isRetired || this.block === GONE_BLOCK || this.raws + this.waitingRaws.length > 0) return;
    if (this.allPools().some((pool) => pool.isInUse)) return;
    if (this.block !== null) this.home.blocks.leave(this.prefix());
    this.block = GONE_BLOCK;
  }

  private allPools(): Pool[] {
    const named = [...(this.namedPools?.values() ?? [])];
    return [...(this.pools ?? []).filter((pool) => pool !== null), ...named];
  }

  private prefix(): string {
    return `${this.home.hostPrefix}${this.text}.`;
  }
}

const NO_RAWS: readonly RawConnection[] = [];
/** Column of connections. */
const CONNECTIONS = 1;
const FAILURES = HealthFlag.FailedActiveHc | HealthFlag.FailedOutlierCheck;
