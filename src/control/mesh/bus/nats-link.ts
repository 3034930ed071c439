// One connection of the client library, from the first byte to the last: no part of it throws, rejects or lasts longer than its owner wants.
// Made anew for each attempt by nats-bus.ts, so that nothing that was published on a lost one can be sent later.
import {
  type ConnectionOptions,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Subscription as NatsSubscription,
  headers as newHeaders,
  PermissionViolationError,
  type Status,
} from "@nats-io/transport-node";
import type { Carried, Subscription } from "./base-bus.ts";
import type { BusEvent, BusHeaders, PublishOutcome } from "./bus.ts";
import type { ServerAccess } from "./connection.ts";
import { dialReason, linkReason, type TlsStage } from "./dial-reason.ts";
import type { NatsPace } from "./nats-pace.ts";
import { connectOwned, type OwnedTransport } from "./nats-transport.ts";

/** Hears of one connection. */
export interface LinkEvents {
  /** The server greeted us, and may refuse nothing but single messages and subscriptions from now on. */
  onOpen(server: string): void;
  /** It could not be made, or is lost. Nothing comes after this. */
  onEnd(reason: string): void;
  onRefused(operation: "publish" | "subscribe", subject: string): void;
  onTold(event: Extract<BusEvent, { readonly type: "lame-duck" | "slow-consumer" }>): void;
  /** A message came that none of ours could be. */
  onDropped(): void;
}

/** A connection that is being made, is there, or has ended. */
export class NatsLink {
  private readonly events: LinkEvents;
  private readonly address: string;
  private readonly subscriptions = new Map<Subscription, NatsSubscription>();
  private readonly waiting = new Set<(isThere: boolean) => void>();
  private transport: OwnedTransport | null = null;
  private nats: NatsConnection | null = null;
  private hasEnded = false;
  private isFull = false;

  /** Begins to connect. `name` is shown by the server. */
  constructor(access: ServerAccess, name: string, pace: NatsPace, events: LinkEvents) {
    this.events = events;
    this.address = access.address;
    const made = connectOwned(optionsFor(access, name, pace), (transport) => this.adopt(transport));
    made.then(
      (nats) => this.open(nats),
      (error: unknown) => this.end(dialReason(error, this.tlsStage(access))),
    );
  }

  send({ subject, reply, payload, headers }: Carried): PublishOutcome {
    const { nats } = this;
    if (nats === null || this.hasEnded) return "disconnected";
    if (!this.hasRoom()) return "full";
    try {
      nats.publish(subject, payload, {
        ...(reply === "" ? {} : { reply }),
        ...(headers.length === 0 ? {} : { headers: encodeHeaders(headers) }),
      });
      return "sent";
    } catch {
      // What our rules permit, the library refuses only when it is over the server's own limit, or when it has ended and we do not know yet.
      return nats.isClosed() ? "disconnected" : "too-large";
    }
  }

  listen(subscription: Subscription): void {
    const { nats } = this;
    if (nats === null || nats.isClosed()) return;
    const { subject, queue } = subscription;
    const made = nats.subscribe(subject, {
      ...(queue === "" ? {} : { queue }),
      callback: (error, message) => {
        if (error === null && !this.hasEnded) this.receive(subscription, message);
      },
    });
    this.subscriptions.set(subscription, made);
  }

  unlisten(subscription: Subscription): void {
    this.subscriptions.get(subscription)?.unsubscribe();
    this.subscriptions.delete(subscription);
  }

  /** Whether the server has all that was sent before. */
  confirm(): Promise<boolean> {
    const { nats } = this;
    if (nats === null || nats.isClosed() || this.hasEnded) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (isThere: boolean): void => {
        if (this.waiting.delete(settle)) resolve(isThere);
      };
      this.waiting.add(settle);
      // The library never settles it when the connection is lost: `end` does.
      nats.flush().then(
        () => settle(true),
        () => settle(false),
      );
    });
  }

  /** Ends it at once. */
  abandon(reason: string): void {
    this.transport?.abandon();
    this.end(reason);
  }

  private adopt(transport: OwnedTransport): void {
    // The library makes one for each address of a host: the last one is the one that lives.
    this.transport?.abandon();
    this.transport = transport;
    transport.onUnreadable = () => this.abandon("the server sent what is not NATS");
    if (this.hasEnded) transport.abandon();
  }

  private tlsStage({ tls }: ServerAccess): TlsStage {
    return { hasBegun: this.transport?.hasBegunTls ?? false, hasCertificate: tls?.cert !== undefined };
  }

  private open(nats: NatsConnection): void {
    this.nats = nats;
    void nats
      .closed()
      .then((error) => this.end(error instanceof Error ? linkReason(error) : "the server closed the connection"));
    if (this.hasEnded) {
      this.transport?.abandon();
      return;
    }
    void this.follow(nats.status());
    this.events.onOpen(this.address);
  }

  private end(reason: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    // A dial that the library gave up still has its socket.
    this.transport?.abandon();
    for (const settle of [...this.waiting]) settle(false);
    this.events.onEnd(reason);
  }

  private async follow(statuses: AsyncIterable<Status>): Promise<void> {
    for await (const status of statuses) if (!this.hasEnded) this.onStatus(status);
  }

  private onStatus(status: Status): void {
    if (status.type === "ldm") this.events.onTold({ type: "lame-duck" });
    // The library waits for the server to take what is pending before it closes, which this one may never do.
    else if (status.type === "staleConnection") this.abandon("no answer to two pings");
    else if (status.type === "error") this.onError(status.error);
  }

  private onError(error: Error): void {
    if (error instanceof PermissionViolationError) {
      this.events.onRefused(error.operation === "publish" ? "publish" : "subscribe", error.subject);
    } else if (/slow consumer/i.test(error.message)) {
      this.events.onTold({ type: "slow-consumer", reason: error.message });
    }
  }

  private receive(subscription: Subscription, message: Msg): void {
    const headers = decodeHeaders(message);
    if (headers === null) {
      this.events.onDropped();
      return;
    }
    const carried: Carried = {
      subject: message.subject,
      reply: message.reply ?? "",
      payload: new Uint8Array(message.data),
      headers: headers.pairs,
      status: message.data.length === 0 ? headers.status : 0,
    };
    try {
      subscription.receive(carried);
    } catch (error) {
      // Else the library would print it and read no more.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  private hasRoom(): boolean {
    const pending = this.transport?.pendingBytes ?? 0;
    this.isFull = pending > (this.isFull ? PENDING_BYTES_MAX / 2 : PENDING_BYTES_MAX);
    return !this.isFull;
  }
}

/** Every option is set: none has the library's default, which may change. The owner makes the next attempt, not the library. */
function optionsFor({ address, tls, authenticator }: ServerAccess, name: string, pace: NatsPace): ConnectionOptions {
  return {
    servers: [address],
    name,
    tls,
    authenticator,
    timeout: pace.dialTimeoutMs,
    pingInterval: pace.pingIntervalMs,
    maxPingOut: pace.pingsOutMax,
    reconnect: false,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 0,
    reconnectJitter: 0,
    reconnectJitterTLS: 0,
    reconnectDelayHandler: () => 0,
    waitOnFirstConnect: false,
    ignoreAuthErrorAbort: true,
    // The servers are those that were named: none is added by what a server says.
    ignoreClusterUpdates: true,
    noRandomize: true,
    noEcho: false,
    verbose: false,
    pedantic: false,
    debug: false,
    noAsyncTraces: true,
    inboxPrefix: "_INBOX",
    resolve: true,
  };
}

function encodeHeaders(pairs: BusHeaders): MsgHdrs {
  const encoded = newHeaders();
  for (const [name, value] of pairs) encoded.append(name, value);
  return encoded;
}

/** Null when they are none. */
function decodeHeaders(message: Msg): { readonly pairs: BusHeaders; readonly status: number } | null {
  try {
    const { headers } = message;
    if (headers === undefined) return { pairs: [], status: 0 };
    return {
      pairs: headers.keys().flatMap((name) => headers.values(name).map((value) => [name, value] as const)),
      status: headers.code,
    };
  } catch {
    return null;
  }
}

/** More is not taken until half of it is gone. */
const PENDING_BYTES_MAX = 4_194_304;
