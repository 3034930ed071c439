// The listeners of one worker: each has its sockets and its service. Brings them to what a plan says; never reads a message.
import type { AddressPlan } from "../config/plan/address.ts";
import { addressText } from "../config/plan/address.ts";
import type { ListenerPlan } from "../config/plan/listener.ts";
import type { Listening } from "../net/acceptor.ts";
import { listen } from "../net/listen.ts";
import type { NetContext } from "../net/net-context.ts";
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
  /** Workers of the node. */
  readonly workers: number;
}

interface Entry {
  plan: ListenerPlan;
  readonly service: ListenerService;
  readonly sockets: Listening[];
  ticketKeys: Uint8Array | null;
}

/** All listeners of one worker. */
export class ListenerSet {
  private readonly parts: ListenerSetParts;
  private readonly entries = new Map<string, Entry>();
  private failing = false;

  constructor(parts: ListenerSetParts) {
    this.parts = parts;
  }

  /** New connections and requests use these listeners. Those that are gone stop accepting and drain; new ones wait for `open`. */
  applyPlan(plans: readonly ListenerPlan[]): void {
    const names = new Set(plans.map(({ name }) => name));
    for (const [name, entry] of this.entries) {
      if (names.has(name)) continue;
      this.entries.delete(name);
      closeSockets(entry);
      entry.service.drain(false);
    }
    for (const plan of plans) this.applyListener(plan);
  }

  /** Binds and accepts on every address that is not open yet; answers with those that failed. */
  async open(): Promise<readonly ListenFailure[]> {
    const failures: ListenFailure[] = [];
    for (const entry of this.entries.values()) {
      if (!entry.plan.bindToPort || entry.sockets.length > 0) continue;
      for (const address of [entry.plan.address, ...entry.plan.additionalAddresses]) {
        if (address.kind === "pipe" && this.parts.slot !== 0) continue;
        const failure = await this.openAddress(entry, address);
        if (failure !== null) failures.push(failure);
      }
    }
    return failures;
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

  /** Stops accepting; connections go on. */
  closeSockets(inboundOnly: boolean): void {
    for (const entry of this.affected(inboundOnly)) closeSockets(entry);
  }

  /** Ends every listener with its connections, now. */
  close(): void {
    for (const entry of this.entries.values()) {
      closeSockets(entry);
      entry.service.drain(true);
    }
    this.entries.clear();
  }

  private affected(inboundOnly: boolean): Entry[] {
    const entries = [...this.entries.values()];
    return inboundOnly ? entries.filter(({ plan }) => plan.trafficDirection === "inbound") : entries;
  }

  private applyListener(plan: ListenerPlan): void {
    const held = this.entries.get(plan.name);
    if (held !== undefined) {
      held.plan = plan;
      held.service.applyPlan(plan);
      for (const socket of held.sockets) {
        const fault = socket.applyChains(plan);
        if (fault !== null) this.parts.warn(`listener '${plan.name}': ${fault.text}`);
      }
      return;
    }
    const service = this.parts.createService(this.parts.services, plan);
    if (this.failing) service.setFailing(true);
    this.entries.set(plan.name, { plan, service, sockets: [], ticketKeys: null });
  }

  private async openAddress(entry: Entry, address: AddressPlan): Promise<ListenFailure | null> {
    const { plan, service } = entry;
    const { stats } = this.parts.services;
    // A listener's limit is the node's: each worker has its share.
    const mayAccept = (): boolean => service.connections() < Math.ceil(entry.plan.connectionsMax / this.parts.workers);
    const outcome = await listen(
      this.parts.net,
      {
        address,
        backlog: plan.backlog,
        sharing: address.kind === "pipe" ? "exclusive" : "reuse-port",
        chains: plan,
        ticketKeys: entry.ticketKeys === null ? null : Buffer.from(entry.ticketKeys),
        events: listenerEvents({ stats, warn: this.parts.warn, mayAccept }, plan),
      },
      (channel, chain) => service.onChannel(channel, chain),
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
