// Counters of gRPC calls under `cluster.<name>.grpc.` (grpc_stats) and `.grpc-web.` (grpc_web), by service and method.
// Names come from requests, so their number has a limit.
import { recordValue } from "../../telemetry/histogram.ts";
import type { StatSlot, StatsWriter } from "../../telemetry/stats-memory.ts";
import type { Cluster } from "../upstream/upstream.ts";

/** Which methods have counters of their own, and how they are written. */
export interface MethodNaming {
  /** What stands behind the cluster's name. */
  readonly family: "grpc" | "grpc-web";
  readonly methods: "all" | readonly string[];
  readonly replaceDots: boolean;
}

/** The methods of one filter, by cluster. */
export class GrpcMethodTable {
  private readonly stats: StatsWriter;
  private readonly named: ReadonlySet<string> | null;
  private readonly replaceDots: boolean;
  private readonly family: MethodNaming["family"];
  private readonly clusters = new WeakMap<Cluster, Map<string, MethodStats>>();
  private known = 0;

  constructor(stats: StatsWriter, { family, methods, replaceDots }: MethodNaming) {
    this.family = family;
    this.stats = stats;
    this.named = methods === "all" ? null : new Set(methods);
    this.replaceDots = replaceDots;
  }

  /** The counters of a path; null: it names no method. */
  of(cluster: Cluster, path: string): MethodStats | null {
    let methods = this.clusters.get(cluster);
    if (methods === undefined) {
      methods = new Map();
      this.clusters.set(cluster, methods);
    }
    return methods.get(path) ?? this.make(cluster, path, methods);
  }

  private make(cluster: Cluster, path: string, methods: Map<string, MethodStats>): MethodStats | null {
    const parts = (path.split("?", 1)[0] ?? "").split("/").filter((part) => part !== "");
    const [service, method] = parts;
    if (service === undefined || method === undefined || parts.length !== 2) return null;
    const isNamed = this.named === null ? this.known < PATHS_MAX : this.named.has(`${service}/${method}`);
    const key = isNamed ? path : "";
    const held = methods.get(key);
    if (held !== undefined) return held;
    if (isNamed) this.known++;
    const written = this.replaceDots ? service.replaceAll(".", "_") : service;
    const name = isNamed ? `${written}.${method}.` : "";
    const stats = new MethodStats(this.stats, `cluster.${cluster.plan.statName}.${this.family}.${name}`);
    methods.set(key, stats);
    return stats;
  }
}

/** The counters of one method, each made when it first counts, as Envoy's. */
export class MethodStats {
  private readonly stats: StatsWriter;
  private readonly prefix: string;
  private readonly slots = new Map<string, StatSlot>();
  private times: Uint32Array | null = null;

  constructor(stats: StatsWriter, prefix: string) {
    this.stats = stats;
    this.prefix = prefix;
  }

  /** A grpc-status came: the call has its outcome. */
  countStatus(status: string): void {
    // As Envoy, but for statuses that no server should send: they count as failures without a counter of their own.
    if (STATUS.test(status)) this.add(status, 1);
    this.add(status === "0" ? "success" : "failure", 1);
    this.add("total", 1);
  }

  countRequests(messages: number): void {
    if (messages > 0) this.add("request_message_count", messages);
  }

  countResponses(messages: number): void {
    if (messages > 0) this.add("response_message_count", messages);
  }

  /** Milliseconds between the request's end and the answer's. */
  recordTime(ms: number): void {
    this.times ??= this.stats.histogram(`${this.prefix}upstream_rq_time`);
    recordValue(this.times, Math.round(ms));
  }

  private add(name: string, amount: number): void {
    let slot = this.slots.get(name);
    if (slot === undefined) {
      slot = this.stats.counter(this.prefix + name);
      this.slots.set(name, slot);
    }
    slot.values[slot.at] = (slot.values[slot.at] as number) + amount;
  }
}

/** Paths of all methods that one filter of one worker counts by name; calls of further ones are counted without service and method. */
const PATHS_MAX = 1_024;
const STATUS = /^\d{1,2}$/;
