// The counts of one cluster: its endpoints by address and what its circuit breakers and drop_overloads refused. Kept by load-reader.ts.
import { addressText } from "../../config/plan/address.ts";
import type { LocalityPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts, EndpointSetUpdate } from "../../config/plan/endpoint-set.ts";
import type { ClusterLoad, EndpointLoad, LocalityLoad } from "../../messages/load.ts";
import { DROP } from "../../telemetry/drop-stats.ts";
import type { BlockView } from "../../telemetry/stats-memory.ts";
import { sumOfConnections } from "./connection-counts.ts";
import { EndpointCounts, type EndpointTaken } from "./endpoint-counts.ts";

/** One cluster. */
export class ClusterCounts {
  /** Somebody takes its counts: those of endpoints that have left are kept until then. */
  isFollowed: boolean = false;
  /** It is in the configuration. */
  private isListed = true;
  /** Of its drop_overloads. */
  private dropCategory = "";
  /** Whether its connections are told; `last`: those before it ceased to be a TCP proxy's, once more. */
  private connections: "told" | "last" | "untold" = "untold";
  private readonly name: string;
  private version = 0;
  private readonly facts = new Map<number, EndpointFacts>();
  private readonly endpoints = new Map<string, EndpointCounts>();
  private readonly drops = new Map<string, { readonly values: Float64Array; dropped: number; overload: number }>();

  constructor(name: string) {
    this.name = name;
  }

  /** Whether nothing of it can come any more. */
  get isOver(): boolean {
    return !this.isListed && this.endpoints.size === 0 && !(this.isFollowed && this.hasDrops());
  }

  /** Applies a change of its endpoints; false: a version is lacking. */
  apply(update: EndpointSetUpdate): boolean {
    if (update.kind === "delta" && update.baseVersion !== this.version) return false;
    this.version = update.version;
    const gone = update.kind === "full" ? [...this.facts.keys()] : update.removed;
    const come = update.kind === "full" ? update.endpoints : update.changed;
    const left = [...gone].filter((slot) => this.facts.has(slot)).map((slot) => this.remove(slot));
    for (const facts of come) this.place(facts);
    for (const endpoint of left) this.forget(endpoint);
    return true;
  }

  /** Its endpoints as of now. */
  listed(): readonly EndpointFacts[] {
    return [...this.facts.values()];
  }

  /** It is in the configuration. `dropCategory`: of its drop_overloads; empty: it has none. `isOfTcp`: a TCP proxy names it. */
  list(dropCategory: string, isOfTcp: boolean): void {
    this.isListed = true;
    if (isOfTcp) this.connections = "told";
    else if (this.connections === "told") this.connections = "last";
    this.dropCategory = dropCategory;
  }

  /** It left the configuration: so did its endpoints. */
  retire(): void {
    this.isListed = false;
    this.version = 0;
    for (const endpoint of [...this.facts.keys()].map((slot) => this.remove(slot))) this.forget(endpoint);
  }

  /** A thread counts an endpoint here. */
  join(text: string, address: EndpointFacts["address"], writer: string, view: BlockView): void {
    this.at(text, address).join(writer, view);
  }

  /** A thread counts it no more. */
  leave(text: string, writer: string, last: readonly number[]): void {
    const endpoint = this.endpoints.get(text);
    endpoint?.leave(writer, last);
    if (endpoint !== undefined) this.forget(endpoint);
  }

  /** A thread counts what it refuses here; such blocks stay. */
  addDrops(writer: string, { values }: BlockView): void {
    this.drops.set(writer, { values, dropped: 0, overload: 0 });
  }

  /** Starts at zero. */
  begin(): void {
    this.isFollowed = true;
    for (const endpoint of this.endpoints.values()) endpoint.begin();
    this.takeDrops();
  }

  /** Nobody takes its counts any more. */
  end(): void {
    this.isFollowed = false;
    for (const endpoint of this.endpoints.values()) {
      endpoint.begin();
      this.forget(endpoint);
    }
  }

  /** What came since the last take. */
  take(granularity: "localities" | "endpoints"): ClusterLoad {
    const localities = new Map<string, MutableLocality>();
    for (const endpoint of this.endpoints.values()) {
      const taken = endpoint.take(this.tellsConnections);
      if (taken !== null) addTo(localities, endpoint, taken, granularity === "endpoints");
      this.forget(endpoint);
    }
    if (this.connections === "last") this.connections = "untold";
    const { dropped, overload } = this.takeDrops();
    return {
      cluster: this.name,
      serviceName: "",
      localities: [...localities.values()],
      droppedTotal: dropped + overload,
      dropped: overload === 0 ? [] : [{ category: this.dropCategory, count: overload }],
    };
  }

  private get tellsConnections(): boolean {
    return this.connections !== "untold";
  }

  private at(text: string, address: EndpointFacts["address"]): EndpointCounts {
    let endpoint = this.endpoints.get(text);
    if (endpoint === undefined) {
      endpoint = new EndpointCounts(text, address);
      this.endpoints.set(text, endpoint);
    }
    return endpoint;
  }

  private place(facts: EndpointFacts): void {
    const { slot, address, locality, priority } = facts;
    if (this.facts.has(slot)) this.remove(slot);
    this.facts.set(slot, facts);
    const endpoint = this.at(addressText(address), address);
    // Of an address that is listed twice the first place counts for both: they share their counters.
    if (endpoint.members === 0) endpoint.place = { locality, priority };
    endpoint.members++;
  }

  private remove(slot: number): EndpointCounts {
    const { address } = this.facts.get(slot) as EndpointFacts;
    const endpoint = this.at(addressText(address), address);
    this.facts.delete(slot);
    endpoint.members--;
    return endpoint;
  }

  /** Lets go of an endpoint of which nothing can come any more. */
  private forget(endpoint: EndpointCounts): void {
    if (!endpoint.isGone) return;
    if (!this.isFollowed || endpoint.isTaken(this.tellsConnections)) this.endpoints.delete(endpoint.text);
  }

  private hasDrops(): boolean {
    for (const { values, dropped, overload } of this.drops.values()) {
      if (values[DROP.at.rq_dropped] !== dropped || values[DROP.at.rq_drop_overload] !== overload) return true;
    }
    return false;
  }

  private takeDrops(): { readonly dropped: number; readonly overload: number } {
    const total = { dropped: 0, overload: 0 };
    for (const held of this.drops.values()) {
      const dropped = held.values[DROP.at.rq_dropped] as number;
      const overload = held.values[DROP.at.rq_drop_overload] as number;
      total.dropped += dropped - held.dropped;
      total.overload += overload - held.overload;
      held.dropped = dropped;
      held.overload = overload;
    }
    return total;
  }
}

type MutableLocality = { -readonly [Key in keyof LocalityLoad]: LocalityLoad[Key] } & { endpoints: EndpointLoad[] };

function addTo(
  localities: Map<string, MutableLocality>,
  { place }: EndpointCounts,
  { load, connections }: EndpointTaken,
  withEndpoints: boolean,
): void {
  const { locality, priority } = place ?? NOWHERE;
  const key = `${priority} ${locality.region}\n${locality.zone}\n${locality.subZone}`;
  let sum = localities.get(key);
  if (sum === undefined) {
    sum = { locality, priority, success: 0, error: 0, issued: 0, inProgress: 0, connections: null, endpoints: [] };
    localities.set(key, sum);
  }
  sum.connections = sumOfConnections(sum.connections, connections);
  if (load === null) return;
  sum.success += load.success;
  sum.error += load.error;
  sum.issued += load.issued;
  sum.inProgress += load.inProgress;
  if (withEndpoints) sum.endpoints.push(load);
}

/** Of an endpoint that came and went before anybody said where it was. */
const NOWHERE: { readonly locality: LocalityPlan; readonly priority: number } = {
  locality: { region: "", zone: "", subZone: "" },
  priority: 0,
};
