// The way of an endpoint from a name's answer to a pick, in one thread but over real message ports: discovery, main thread, worker.
// What each stage took is kept, so that a benchmark prints it and a test compares whole ways within one run.
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { ActorHost } from "../../src/actor/actor-host.ts";
import type { TimerEffect } from "../../src/actor/behaviour.ts";
import { SeededRandom } from "../../src/base/random.ts";
import type { ClusterPlan, TurnBalancerPlan } from "../../src/config/plan/cluster.ts";
import type { EndpointSetUpdate } from "../../src/config/plan/endpoint-set.ts";
import { dnsDiscovery } from "../../src/control/discovery/dns-behaviour.ts";
import type { DnsEffect } from "../../src/control/discovery/dns-effects.ts";
import { type DnsState, emptyDnsState } from "../../src/control/discovery/dns-state.ts";
import { type Balancer, createBalancer } from "../../src/dataplane/upstream/balance/balancer.ts";
import { EndpointTable } from "../../src/dataplane/upstream/endpoint-table.ts";
import { HostBlocks } from "../../src/dataplane/upstream/host-blocks.ts";
import type { DiscoveryInput, DiscoveryOutput, ResolvedAddress } from "../../src/messages/discovery.ts";
import { EndpointRollOut } from "../../src/supervisor/endpoint-roll-out.ts";
import { HealthFlag, type HealthTable } from "../../src/telemetry/health-table.ts";
import { createNodeMemory, nodeTables } from "../../src/telemetry/node-memory.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { clusterPlan, endpoint, namesFound } from "./cluster-plans.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** Nanoseconds that the last answer took on each thread; both ends of a message count where they run. */
export interface StageTimes {
  discovery: number;
  main: number;
  worker: number;
}

/** One cluster `c` of some names. */
export class EndpointPath {
  readonly times: StageTimes = { discovery: 0, main: 0, worker: 0 };
  readonly table: EndpointTable;
  private readonly rollOut: EndpointRollOut;
  private readonly makeTable: () => EndpointTable;
  private readonly balancer: Balancer;
  private readonly random = new SeededRandom(1);
  private readonly host: ActorHost<DnsState, DiscoveryInput, Exclude<DnsEffect, TimerEffect>>;
  private readonly toMain = new MessageChannel();
  private readonly toWorker = new MessageChannel();
  private readonly targets: string[] = [];
  private readonly health: HealthTable;
  private isOpen = false;

  /** `weights`: of the endpoints behind each name. */
  constructor(balancer: TurnBalancerPlan, weights: readonly number[] = [1]) {
    const memory = createNodeMemory(1, 40_000, 8);
    const stats = new StatsWriter(() => {});
    const { health, load } = nodeTables(memory, 0);
    this.health = health;
    const plan = namesPlan(balancer, weights);
    const home = {
      hostPrefix: "host.c.",
      blocks: new HostBlocks(stats),
      health,
      load,
      connections: null,
      slowStart: null,
      failAtOnce: null,
    };
    this.makeTable = () => new EndpointTable(home, plan);
    this.table = this.makeTable();
    this.balancer = createBalancer(balancer, { random: this.random, runtime: new Map(), slowStart: null });
    const clock = new VirtualClock();
    this.rollOut = new EndpointRollOut({ memory, stats, wheel: clock.wheel });
    this.rollOut.assign([plan]);
    const parts = {
      clock,
      wheel: clock.wheel,
      perform: (effect: Exclude<DnsEffect, TimerEffect>) => this.perform(effect),
    };
    this.host = new ActorHost(dnsDiscovery, emptyDnsState(this.random), parts);
    this.host.tell({ type: "plan-assigned", version: 1, clusters: [plan] });
  }

  /** The answer of the name at this index is this from now on; on return the worker has picked from it. */
  answer(addresses: readonly ResolvedAddress[], name: number = 0): void {
    const { times } = this;
    const target = this.targets[name] as string;
    times.discovery = nanos(() => {
      this.host.tell({ type: "lookup-finished", target, result: { kind: "resolved", addresses } });
    });
    times.main = nanos(() => this.resolve());
    times.worker = nanos(() => this.work());
    times.main += nanos(() => this.rollOut.applied(0, []));
  }

  /** What a worker has that begins now: the table of a full copy. */
  copy(): EndpointTable {
    const table = this.makeTable();
    for (const set of this.rollOut.all()) table.apply(set);
    return table;
  }

  /** The endpoints of these slots fail their checks. */
  fail(slots: readonly number[]): void {
    for (const slot of slots) this.health.set(slot, HealthFlag.FailedActiveHc);
    this.health.bump(this.rollOut.rowOf("c"));
  }

  /** Ends the ports. */
  close(): void {
    this.toMain.port1.close();
    this.toWorker.port1.close();
  }

  private perform(effect: Exclude<DnsEffect, TimerEffect>): void {
    if (effect.type === "look-up") this.targets.push(effect.target);
    if (effect.type === "publish-endpoints") this.send({ ...effect, type: "endpoints-resolved" });
    if (effect.type === "publish-changes") this.send({ ...effect, type: "endpoints-moved" });
  }

  private send(message: DiscoveryOutput): void {
    this.toMain.port1.postMessage(message);
  }

  private resolve(): void {
    const message = receiveMessageOnPort(this.toMain.port2)?.message as DiscoveryOutput | undefined;
    if (message?.type === "endpoints-resolved") this.rollOut.resolved(message.cluster, message.endpoints);
    if (message?.type === "endpoints-moved") this.rollOut.moved(message.cluster, message.removed, message.added);
    // A worker that comes after the first answer gets a full copy, one that is there gets deltas.
    if (!this.isOpen) {
      this.rollOut.openReader(0, {
        send: (updates) => this.toWorker.port1.postMessage(updates),
        wants: () => true,
      });
    }
    this.isOpen = true;
  }

  private work(): void {
    const updates = receiveMessageOnPort(this.toWorker.port2)?.message as readonly EndpointSetUpdate[] | undefined;
    for (const update of updates ?? []) if (!this.table.apply(update)) throw new Error("a version is lacking");
    this.balancer.pick(this.table.current().choose(this.random));
  }
}

/** Addresses `10.x.y.z` from the `from`th. */
export function addressRange(from: number, count: number): ResolvedAddress[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    return { host: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, ttlS: 5 };
  });
}

function namesPlan(balancer: TurnBalancerPlan, weights: readonly number[]): ClusterPlan {
  const endpoints = weights.map((weight, i) => endpoint(80 + i, { hostname: `${i}.example`, weight }));
  const discovery = namesFound({ endpoints, family: "v4_only" });
  return clusterPlan("c", [], { discovery, balancer });
}

function nanos(act: () => void): number {
  const begun = process.hrtime.bigint();
  act();
  return Number(process.hrtime.bigint() - begun);
}
