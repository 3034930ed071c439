// One listener in one worker: takes accepted connections, gives each the filter of its chain, and ends them when the listener drains. Made by workers/listener.ts, one per configured listener.
import { equalData } from "../base/equal-data.ts";
import { Timer } from "../base/timer-wheel.ts";
import type { FilterChainPlan, ListenerPlan } from "../config/plan/listener.ts";
import type { Channel } from "../net/channel.ts";
import type { Admission } from "../net/listen-events.ts";
import { recordValue } from "../telemetry/histogram.ts";
import { LISTENER } from "../telemetry/listener-stats.ts";
import { add, addTo, count } from "../telemetry/stats-add.ts";
import type { StatSlot } from "../telemetry/stats-memory.ts";
import { type ServerCodecs, serverCodecs } from "./exchange/codecs.ts";
import { ConnectionManager } from "./exchange/connection-manager.ts";
import { type ConnectionOwner, DownstreamConnection } from "./exchange/downstream-connection.ts";
import { WorkerContext } from "./exchange/worker-context.ts";
import type { FilterMaker } from "./filters/filter.ts";
import { ListenerRecord } from "./listener-record.ts";
import type { ServedConnection } from "./served-connection.ts";
import { TcpConnection } from "./tcp/tcp-connection.ts";
import { TcpProxy } from "./tcp/tcp-proxy.ts";
import type { DrainableConnection, ListenerService, WorkerServices } from "./worker-services.ts";

const contexts = new WeakMap<WorkerServices, WorkerContext>();

/** Makes the service of one listener. Throws when an access log cannot be opened. `filters` go before those of the plan. */
export function createListenerService(
  services: WorkerServices,
  plan: ListenerPlan,
  filters: readonly FilterMaker[] = [],
): ListenerService {
  return new Listener(workerContext(services), plan, filters);
}

/** What the listeners of one worker share; made at the first call. */
export function workerContext(services: WorkerServices): WorkerContext {
  let context = contexts.get(services);
  if (context === undefined) {
    context = new WorkerContext(services);
    contexts.set(services, context);
  }
  return context;
}

/** Of one connection. */
interface Facts {
  chain: FilterChainPlan;
  readonly startMs: number;
  readonly admission: Admission;
  /** Its chain is gone: it ends when its time is over. */
  isOutdated: boolean;
}

class Listener implements ListenerService, ConnectionOwner {
  readonly codecs: ServerCodecs = serverCodecs;
  private readonly context: WorkerContext;
  private readonly filters: readonly FilterMaker[];
  private plan: ListenerPlan;
  private managers = new Map<FilterChainPlan, ConnectionManager | TcpProxy>();
  /** No Map: its old tables would keep closed connections alive over young collections. A connection knows its place. */
  private readonly open: ServedConnection[] = [];
  /** Of the connection in the same place. */
  private readonly facts: Facts[] = [];
  private readonly stats: Float64Array;
  private readonly times: Uint32Array;
  private readonly workerTotal: StatSlot;
  private readonly workerActive: StatSlot;
  private draining = false;
  private drainStartMs = 0;
  private drainSpreadMs = 0;
  private failing = false;
  /** Ends what `outdate` left open. */
  private readonly late: Timer = new Timer(() => this.endOutdated());

  constructor(context: WorkerContext, plan: ListenerPlan, filters: readonly FilterMaker[]) {
    const { stats, workerName } = context.services;
    const prefix = `listener.${plan.statPrefix}.`;
    this.context = context;
    this.filters = filters;
    this.plan = plan;
    this.stats = stats.block(LISTENER, prefix);
    this.times = stats.histogram(`${prefix}downstream_cx_length_ms`);
    this.workerTotal = stats.counter(`${prefix}${workerName}.downstream_cx_total`);
    this.workerActive = stats.gauge(`${prefix}${workerName}.downstream_cx_active`);
    this.makeManagers(plan);
  }

  onChannel(channel: Channel, chain: FilterChainPlan, admission: Admission = FREE): void {
    const startMs = this.context.services.clock.nowMs();
    // A handshake that a new plan overtook ends with a chain of the one before.
    const own = this.managers.has(chain) ? chain : (successorOf(chain, this.plan) ?? chain);
    const manager = this.managerOf(own);
    const connection =
      manager instanceof TcpProxy
        ? new TcpConnection(channel, manager, this)
        : new DownstreamConnection(channel, manager, this);
    connection.place = this.open.push(connection) - 1;
    this.facts.push({ chain: own, startMs, admission, isOutdated: false });
    if (admission instanceof ListenerRecord) admission.onServed(channel, connection);
    count(this.stats, LISTENER.at.downstream_cx_total);
    add(this.stats, LISTENER.at.downstream_cx_active, 1);
    addTo(this.workerTotal, 1);
    addTo(this.workerActive, 1);
    channel.handler = connection;
    if (connection instanceof TcpConnection) connection.begin();
  }

  applyPlan(plan: ListenerPlan, lateMs: number = 0): void {
    this.plan = plan;
    this.managers = new Map();
    this.makeManagers(plan);
    for (const connection of [...this.open]) {
      const facts = this.facts[connection.place];
      if (facts === undefined) continue;
      const successor = successorOf(facts.chain, plan);
      if (successor === null) {
        facts.isOutdated = true;
        outdate(connection);
        continue;
      }
      facts.chain = successor;
      const manager = this.managerOf(successor);
      if (connection instanceof DownstreamConnection && manager instanceof ConnectionManager)
        connection.manager = manager;
    }
    this.context.services.wheel.arm(this.late, lateMs);
  }

  drain(final: boolean, spreadMs: number = 0): void {
    this.draining = true;
    if (final) this.context.services.wheel.remove(this.late);
    this.drainStartMs = this.context.services.clock.nowMs();
    this.drainSpreadMs = spreadMs;
    if (!final && spreadMs > 0) return; // each answer decides for its connection
    // A copy: closing takes connections out.
    for (const connection of [...this.open]) {
      if (final) connection.abort();
      else connection.drain();
    }
  }

  setFailing(failing: boolean): void {
    this.failing = failing;
    this.context.isFailing = failing; // the same for all listeners
  }

  connections(): number {
    return this.open.length;
  }

  requests(): number {
    let requests = 0;
    for (const connection of this.open) requests += connection.exchanges;
    return requests;
  }

  busiestHttp2(streamsBelow: number): DrainableConnection | null {
    let busiest: ServedConnection | null = null;
    for (const connection of this.open) {
      const { exchanges } = connection;
      if (connection.protocol !== "http2" || connection.isDraining || exchanges >= streamsBelow) continue;
      if (exchanges > (busiest?.exchanges ?? 0)) busiest = connection;
    }
    return busiest;
  }

  isDraining(): boolean {
    if (this.failing && this.plan.drainType === "default") return true;
    if (!this.draining) return false;
    const { clock, random } = this.context.services;
    return this.drainSpreadMs === 0 || random.below(this.drainSpreadMs) < clock.nowMs() - this.drainStartMs;
  }

  onConnectionClosed(connection: ServedConnection): void {
    const facts = this.takeOut(connection);
    if (facts === undefined) return;
    facts.admission.end();
    count(this.stats, LISTENER.at.downstream_cx_destroy);
    add(this.stats, LISTENER.at.downstream_cx_active, -1);
    addTo(this.workerActive, -1);
    recordValue(this.times, Math.round(this.context.services.clock.nowMs() - facts.startMs));
  }

  nextConnectionId(): number {
    return this.context.nextConnectionId();
  }

  private takeOut(connection: ServedConnection): Facts | undefined {
    const { place } = connection;
    const facts = this.facts[place];
    if (facts === undefined) return undefined;
    const last = this.open.pop() as ServedConnection;
    const lastFacts = this.facts.pop() as Facts;
    connection.place = -1;
    if (last === connection) return facts;
    this.open[place] = last;
    this.facts[place] = lastFacts;
    last.place = place;
    return facts;
  }

  private endOutdated(): void {
    const ending = this.open.filter(({ place }) => this.facts[place]?.isOutdated === true);
    for (const connection of ending) connection.drain();
  }

  private makeManagers(plan: ListenerPlan): void {
    for (const chain of chainsOf(plan)) this.managerOf(chain);
  }

  private managerOf(chain: FilterChainPlan): ConnectionManager | TcpProxy {
    let manager = this.managers.get(chain);
    if (manager === undefined) {
      const { filter } = chain;
      manager =
        filter.kind === "tcp"
          ? new TcpProxy(this.context.services, filter, this.plan, chain)
          : new ConnectionManager(this.context, filter, this.plan, this.filters, chain);
      this.managers.set(chain, manager);
    }
    return manager;
  }
}

function chainsOf(plan: ListenerPlan): readonly FilterChainPlan[] {
  return plan.defaultFilterChain === null ? plan.filterChains : [...plan.filterChains, plan.defaultFilterChain];
}

/**
 * The chain that a connection of this one goes on with: it matches the same connections by the same codec and asks the same of clients, be its
 * certificates others. What else changed is taken over by the next request; a TCP proxy has none. Null: there is none, and the connection goes.
 */
function successorOf(chain: FilterChainPlan, plan: ListenerPlan): FilterChainPlan | null {
  const successor = chainsOf(plan).find(({ name, match }) => name === chain.name && equalData(match, chain.match));
  return successor !== undefined && equalData(termsOf(successor), termsOf(chain)) ? successor : null;
}

function termsOf({ tls, filter }: FilterChainPlan): unknown {
  const terms = tls === null ? null : { ...tls, certificates: [] };
  return filter.kind === "tcp" ? [terms, filter] : [terms, filter.codec, filter.http];
}

/** An HTTP/1 connection without a request gets one more, as its client may be sending it. */
function outdate(connection: ServedConnection): void {
  if (!(connection instanceof DownstreamConnection)) return;
  connection.isOutdated = true;
  if (connection.exchanges > 0 || connection.protocol === "http2") connection.drain();
}

/** Of a connection that nobody counts. */
const FREE: Admission = { end: () => {} };
