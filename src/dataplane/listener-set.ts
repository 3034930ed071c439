// The listeners of one worker: each has its sockets and its service. Brings them to what a plan says; never reads a message.
import { equalData } from "../base/equal-data.ts";
import { Timer } from "../base/timer-wheel.ts";
import type { AddressPlan } from "../config/plan/address.ts";
import { addressText } from "../config/plan/address.ts";
import type { DrainTerms, ListenerPlan } from "../config/plan/listener.ts";
import type { Listening, ListeningOwner } from "../net/acceptor.ts";
import { listen } from "../net/listen.ts";
import type { NetContext } from "../net/net-context.ts";
import type { NodeCounts } from "../telemetry/node-counts.ts";
import { ConnectionLimit } from "./connection-limit.ts";
import { ConnectionRates } from "./connection-rates.ts";
import { listenerEvents } from "./listener-events.ts";
import type { CreateListenerService, DrainableConnection, ListenerService, WorkerServices } from "./worker-services.ts";

/** A socket that could not be opened. */
export interface ListenFailure {
  readonly listener: string;
  readonly address: string;
  readonly text: string;
}

/** What the set stands on. */
export interface ListenerSetParts {
  readonly net: NetContext;
  readonly services: WorkerServices;
  readonly createService: CreateListenerService;
  /** A line for the node's log: accept failed, for example. */
  warn(text: string): void;
  /** Number of this worker: only the first serves unix sockets, which cannot be shared. */
  readonly slot: number;
  /** Workers of the node, and the connections that they have together. */
  readonly workers: number;
  readonly counts: NodeCounts;
}

interface Entry {
  plan: ListenerPlan;
  readonly service: ListenerService;
  readonly limit: ConnectionLimit;
  readonly sockets: Listening[];
  ticketKeys: Uint8Array | null;
  /** Every socket that it began with was opened. */
  hasOpened: boolean;
}

/** All listeners of one worker. */
export class ListenerSet {
  private readonly parts: ListenerSetParts;
  private readonly entries = new Map<string, Entry>();
  /** Listeners that are gone, whose connections are not. */
  private readonly retired = new Map<ListenerService, Timer>();
  private failing = false;

  constructor(parts: ListenerSetParts) {
    this.parts = parts;
  }

  /**
   * New connections and requests use these listeners. Those that are gone stop accepting and drain; new ones wait for `open`. A socket whose
   * address stays is never closed, be its listener another: what waits to be accepted would be lost.
   */
  applyPlan(plans: readonly ListenerPlan[], terms: DrainTerms = AT_ONCE): void {
    const wanted = new Map(plans.map((plan) => [plan.name, plan]));
    const spare = new Map<string, Listening>();
    for (const [name, entry] of this.entries) {
      takeSockets(entry, addressesOf(wanted.get(name)), spare);
      if (wanted.has(name)) continue;
      this.entries.delete(name);
      this.retire(entry.service, terms);
    }
    for (const plan of plans) this.applyListener(plan, terms);
    for (const entry of this.entries.values()) this.adopt(entry, spare);
    for (const socket of spare.values()) socket.close();
  }

  /** Binds and accepts on every address that is not open yet; answers with those that failed, and how many listeners opened. */
  async open(): Promise<{ readonly failures: readonly ListenFailure[]; readonly opened: number }> {
    const failures: ListenFailure[] = [];
    let opened = 0;
    for (const entry of [...this.entries.values()]) {
      const before = failures.length;
      for (const address of this.missingOf(entry)) {
        const failure = await this.openAddress(entry, address);
        if (failure !== null) failures.push(failure);
      }
      if (entry.hasOpened || failures.length > before) continue;
      entry.hasOpened = true;
      opened++;
    }
    return { failures, opened };
  }

  /** Sets the key that every worker's session tickets of this listener share, from now on. */
  setTicketKeys(name: string, keys: Uint8Array): void {
    const entry = this.entries.get(name);
    if (entry === undefined) return;
    entry.ticketKeys = keys;
    for (const socket of entry.sockets) socket.setTicketKeys(Buffer.from(keys));
  }

  /** While on, answers close their connections. */
  setFailing(failing: boolean): void {
    this.failing = failing;
    for (const { service } of this.entries.values()) service.setFailing(failing);
  }

  /** Asks connections to end when their requests are done, spread over `spreadMs`; new ones are still accepted. */
  drain(inboundOnly: boolean, spreadMs: number): void {
    for (const { service } of this.affected(inboundOnly)) service.drain(false, spreadMs);
  }

  /** Asks the busiest HTTP/2 connection with fewer streams than `streamsBelow` to end; answers whether there was one. */
  relieveHttp2(streamsBelow: number): boolean {
    let busiest: DrainableConnection | null = null;
    for (const { service } of this.entries.values()) {
      const one = service.busiestHttp2(streamsBelow);
      if (one !== null && one.exchanges > (busiest?.exchanges ?? 0)) busiest = one;
    }
    busiest?.drain();
    return busiest !== null;
  }

  /** Connections and requests in flight, of listeners that are gone too. */
  load(): { readonly connections: number; readonly requests: number } {
    const services = [...[...this.entries.values()].map(({ service }) => service), ...this.retired.keys()];
    const sum = (of: (service: ListenerService) => number): number =>
      services.reduce((total, service) => total + of(service), 0);
    return { connections: sum((one) => one.connections()), requests: sum((one) => one.requests()) };
  }

  /** Stops accepting; connections go on. */
  closeSockets(inboundOnly: boolean): void {
    for (const entry of this.affected(inboundOnly)) closeSockets(entry);
  }

  /** Ends every listener with its connections, now. `done` when these have told so, which their sockets do later, or after a second. */
  close(done: () => void): void {
    const { clock, wheel } = this.parts.services;
    const services = [...[...this.entries.values()].map(({ service }) => service), ...this.retired.keys()];
    for (const entry of this.entries.values()) closeSockets(entry);
    for (const timer of this.retired.values()) wheel.remove(timer);
    this.entries.clear();
    this.retired.clear();
    for (const service of services) service.drain(true);
    const latestMs = clock.nowMs() + ENDS_MS;
    const look = new Timer(() => {
      if (services.every((service) => service.connections() === 0) || clock.nowMs() >= latestMs) done();
      else wheel.arm(look, 0);
    });
    look.callback();
  }

  private affected(inboundOnly: boolean): Entry[] {
    const entries = [...this.entries.values()];
    return inboundOnly ? entries.filter(({ plan }) => plan.trafficDirection === "inbound") : entries;
  }

  private applyListener(plan: ListenerPlan, { drainMs }: DrainTerms): void {
    const held = this.entries.get(plan.name);
    if (held === undefined) {
      const service = this.parts.createService(this.parts.services, plan);
      if (this.failing) service.setFailing(true);
      const limit = new ConnectionLimit(this.parts, plan);
      this.entries.set(plan.name, { plan, service, limit, sockets: [], ticketKeys: null, hasOpened: false });
      return;
    }
    if (equalData(held.plan, plan)) return;
    held.plan = plan;
    held.service.applyPlan(plan, drainMs);
    held.limit.applyPlan(plan);
    for (const socket of held.sockets) this.hand(socket, held);
  }

  /** Gives an entry the open sockets of its addresses that were another's. */
  private adopt(entry: Entry, spare: Map<string, Listening>): void {
    for (const address of this.missingOf(entry)) {
      const key = addressText(address);
      const socket = spare.get(key);
      if (socket === undefined || !this.hand(socket, entry)) continue;
      spare.delete(key);
      entry.sockets.push(socket);
    }
  }

  private hand(socket: Listening, entry: Entry): boolean {
    const fault = socket.handOver(this.ownerOf(entry));
    if (fault !== null) this.parts.warn(`listener '${entry.plan.name}': ${fault.text}`);
    return fault === null;
  }

  private ownerOf(entry: Entry): ListeningOwner {
    const { plan, service, limit } = entry;
    const { services, warn } = this.parts;
    const rates = new ConnectionRates(services, plan);
    return {
      chains: plan,
      events: listenerEvents({ services, warn, limit, rates }, plan),
      onChannel: (channel, chain, admission) => service.onChannel(channel, chain, admission),
    };
  }

  /** Addresses of a listener that this worker is to serve and does not yet. */
  private missingOf({ plan, sockets }: Entry): AddressPlan[] {
    if (!plan.bindToPort) return [];
    const open = new Set(sockets.map(({ address }) => addressText(address)));
    return [plan.address, ...plan.additionalAddresses].filter(
      (address) => !open.has(addressText(address)) && (address.kind !== "pipe" || this.parts.slot === 0),
    );
  }

  private retire(service: ListenerService, { spreadMs, drainMs }: DrainTerms): void {
    service.drain(false, spreadMs);
    if (service.connections() === 0) return;
    const timer = new Timer(() => {
      this.retired.delete(service);
      service.drain(true);
    });
    this.retired.set(service, timer);
    this.parts.services.wheel.arm(timer, drainMs);
  }

  private async openAddress(entry: Entry, address: AddressPlan): Promise<ListenFailure | null> {
    const { plan, ticketKeys } = entry;
    const { onChannel, ...owner } = this.ownerOf(entry);
    const outcome = await listen(
      this.parts.net,
      {
        address,
        backlog: plan.backlog,
        sharing: address.kind === "pipe" ? "exclusive" : "reuse-port",
        ticketKeys: ticketKeys === null ? null : Buffer.from(ticketKeys),
        ...owner,
      },
      onChannel,
    );
    if (outcome.kind === "fault") {
      return { listener: plan.name, address: addressText(address), text: outcome.fault.text };
    }
    entry.sockets.push(outcome.listening);
    return null;
  }
}

function closeSockets(entry: Entry): void {
  for (const socket of entry.sockets) socket.close();
  entry.sockets.length = 0;
}

function addressesOf(plan: ListenerPlan | undefined): ReadonlySet<string> {
  return new Set(plan?.bindToPort ? [plan.address, ...plan.additionalAddresses].map(addressText) : []);
}

/** Takes those sockets away whose addresses do not stay. */
function takeSockets({ sockets }: Entry, staying: ReadonlySet<string>, into: Map<string, Listening>): void {
  for (const socket of sockets.splice(0)) {
    const key = addressText(socket.address);
    if (staying.has(key)) sockets.push(socket);
    else into.set(key, socket);
  }
}

/** For the ends of connections when all are ended. */
const ENDS_MS = 1_000;
const AT_ONCE: DrainTerms = { spreadMs: 0, drainMs: 0 };
