// A core NATS server without sockets: clients come with an output, their bytes are fed in. Owned by broker-server.ts.
import type { Random } from "../../../../base/random.ts";
import type { TimerWheel } from "../../../../base/timer-wheel.ts";
import { BrokerClient, type BrokerSubscription, type ClientOutput } from "./broker-client.ts";
import type { BrokerLimits } from "./broker-limits.ts";
import type { Publication } from "./command-parser.ts";
import { SubscriptionIndex } from "./subscription-index.ts";

/** What the broker stands on. */
export interface BrokerParts {
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly limits: BrokerLimits;
}

/** Running totals. */
export interface BrokerCounters {
  connections: number;
  messages: number;
  /** Clients cut off because they did not take what was for them. */
  slowConsumers: number;
  /** Clients cut off because they did not answer. */
  staleConnections: number;
  /** Clients cut off for what they sent. */
  faults: number;
}

/** The broker of one machine. */
export class Broker {
  readonly counters: BrokerCounters = { connections: 0, messages: 0, slowConsumers: 0, staleConnections: 0, faults: 0 };
  readonly parts: BrokerParts;
  private readonly index = new SubscriptionIndex<BrokerSubscription>();
  private readonly clients = new Set<BrokerClient>();
  private readonly serverId: string;

  constructor(parts: BrokerParts) {
    this.parts = parts;
    this.serverId = Array.from({ length: 4 }, () => parts.random.next32().toString(36).padStart(7, "0")).join("");
  }

  get clientCount(): number {
    return this.clients.size;
  }

  /** Greets a new client, or turns it away when there are too many. */
  open(output: ClientOutput, port: number): BrokerClient {
    const id = ++this.counters.connections;
    const client = new BrokerClient(this, output);
    const isTooMany = this.clients.size >= this.parts.limits.connectionsMax;
    this.clients.add(client);
    client.greet(this.info(id, port));
    if (isTooMany) client.fail("maximum connections exceeded");
    return client;
  }

  /** Ends all connections. */
  close(): void {
    for (const client of [...this.clients]) client.end();
  }

  /** The client has gone: called by the client. */
  remove(client: BrokerClient, subscriptions: Iterable<BrokerSubscription>): void {
    this.clients.delete(client);
    for (const subscription of subscriptions) this.index.remove(subscription);
  }

  addSubscription(subscription: BrokerSubscription): void {
    this.index.add(subscription);
  }

  removeSubscription(subscription: BrokerSubscription): void {
    this.index.remove(subscription);
  }

  /** Sends a message to whom it concerns. */
  route(from: BrokerClient, message: Publication): void {
    this.counters.messages++;
    const { plain, groups } = this.index.match(message.subject);
    let isDelivered = false;
    for (const subscription of plain) {
      if (subscription.client.deliver(subscription, from, message)) isDelivered = true;
    }
    for (const group of groups) if (this.deliverToOne(group, from, message)) isDelivered = true;
    if (isDelivered || message.reply === "" || !from.wantsNoResponders) return;
    const inbox = this.index.match(message.reply).plain.find(({ client }) => client === from);
    if (inbox !== undefined) from.tellNoResponders(inbox, message);
  }

  /** Beginning with one by chance, the first that takes it. */
  private deliverToOne(group: readonly BrokerSubscription[], from: BrokerClient, message: Publication): boolean {
    const start = this.parts.random.below(group.length);
    for (let i = 0; i < group.length; i++) {
      const member = group[(start + i) % group.length] as BrokerSubscription;
      if (member.client.deliver(member, from, message)) return true;
    }
    return false;
  }

  private info(clientId: number, port: number): string {
    return JSON.stringify({
      server_id: this.serverId,
      server_name: "starling",
      // Clients read from it what they may use: what core NATS had then.
      version: "2.9.0",
      proto: 1,
      go: "",
      host: "127.0.0.1",
      port,
      headers: true,
      max_payload: this.parts.limits.payloadBytesMax,
      client_id: clientId,
    });
  }
}
