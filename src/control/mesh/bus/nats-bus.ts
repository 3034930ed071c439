// A bus over NATS: keeps one connection, makes the next when it is lost, for ever, and brings the subscriptions along.

import { createInbox } from "@nats-io/transport-node";
import type { Random } from "../../../base/random.ts";
import { Timer } from "../../../base/timer-wheel.ts";
import { BaseBus, type BusParts, type Carried, type Subscription } from "./base-bus.ts";
import type { PublishOutcome } from "./bus.ts";
import { type BusConnection, readAccess, type ServerAccess } from "./connection.ts";
import { NatsLink } from "./nats-link.ts";
import { NATS_PACE, type NatsPace } from "./nats-pace.ts";

/** What a bus over NATS stands on. */
export interface NatsBusParts extends BusParts {
  readonly random: Random;
  /** Default: `NATS_PACE`. */
  readonly pace?: NatsPace;
}

/** A bus that connects from its beginning. Its owner has checked the connection with `readAccess`. */
export class NatsBus extends BaseBus {
  protected readonly random: Random;
  private readonly pace: NatsPace;
  private readonly connection: BusConnection;
  private readonly timer: Timer = new Timer(() => this.dial());
  private attempts: number;
  private link: NatsLink | null = null;

  constructor(parts: NatsBusParts, connection: BusConnection) {
    super(parts, createInbox());
    this.random = parts.random;
    this.pace = parts.pace ?? NATS_PACE;
    this.connection = connection;
    // Nodes that start together begin with different servers.
    this.attempts = parts.random.below(Math.max(1, connection.servers.length));
    parts.wheel.arm(this.timer, 0);
  }

  protected override send(message: Carried): PublishOutcome {
    return this.link?.send(message) ?? "disconnected";
  }

  protected override listen(subscription: Subscription): void {
    this.link?.listen(subscription);
  }

  protected override unlisten(subscription: Subscription): void {
    this.link?.unlisten(subscription);
  }

  protected override confirm(): Promise<boolean> {
    return this.link?.confirm() ?? Promise.resolve(false);
  }

  protected override async end(): Promise<void> {
    const { wheel } = this.parts;
    wheel.remove(this.timer);
    const { link } = this;
    if (link === null) return;
    const late = new Timer(() => link.abandon("closed"));
    wheel.arm(late, CLOSE_TIMEOUT_MS);
    await link.confirm();
    wheel.remove(late);
    link.abandon("closed");
  }

  /** Makes the next attempt at once: there is reason to hope. */
  protected hasten(): void {
    if (this.link === null && !this.isClosed) this.parts.wheel.arm(this.timer, 0);
  }

  private dial(): void {
    const access = readAccess(this.connection);
    if (!access.ok) {
      this.retry(access.errors.join("; "));
      return;
    }
    const server = access.servers[this.attempts++ % access.servers.length] as ServerAccess;
    const link = new NatsLink(server, this.connection.name, this.pace, {
      onOpen: (address) => void this.greet(link, address),
      onEnd: (reason) => {
        if (link !== this.link) return;
        this.link = null;
        if (!this.isClosed) this.retry(reason);
      },
      onRefused: (operation, subject) => this.notPermitted(operation, subject),
      onTold: (event) => this.report(event),
      onDropped: () => this.counters.dropped++,
    });
    this.link = link;
  }

  private async greet(link: NatsLink, address: string): Promise<void> {
    for (const subscription of this.wanted()) link.listen(subscription);
    if (await link.confirm()) this.connected(address);
  }

  private retry(reason: string): void {
    const { reconnectWaitMs, reconnectJitterMs } = this.pace;
    this.parts.wheel.arm(this.timer, reconnectWaitMs + this.random.below(reconnectJitterMs));
    this.lost(reason);
  }
}

/** What a server does not confirm by then is lost. */
const CLOSE_TIMEOUT_MS = 1_000;
