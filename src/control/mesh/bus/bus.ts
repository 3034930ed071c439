// What the mesh asks of whatever carries its messages: at most once, in order from one sender, nothing kept. Implemented over NATS
// (nats-bus.ts) and, for tests, over simulated time. The world's faults are values and events; nothing here throws or rejects.

/** Names and values beside a payload; a name may come twice. */
export type BusHeaders = readonly (readonly [name: string, value: string])[];

/** A message that came. */
export interface BusMessage {
  readonly subject: string;
  /** At most 64 KiB; the receiver may keep it. */
  readonly payload: Uint8Array;
  readonly headers: BusHeaders;
  /** Answers the sender of a request; `no-reply` when it awaits no answer. */
  respond(payload: Uint8Array, headers?: BusHeaders): PublishOutcome;
}

/** Gets the messages of a subscription, one at a time. What it throws is a bug and ends the thread. */
export type BusHandler = (message: BusMessage) => void;

/**
 * What became of a message. `sent`: on its way, and no more than that is known (`flush` tells that the broker has it).
 * `full`: the broker does not take what was sent before. None of the others is sent later.
 */
export type PublishOutcome =
  | "sent"
  | "disconnected"
  | "closed"
  | "bad-subject"
  | "bad-headers"
  | "too-large"
  | "full"
  | "no-reply";

/** How a request ended. */
export type RequestOutcome =
  | { readonly kind: "answer"; readonly message: BusMessage }
  /** Nobody answered in time: it may have been done all the same. */
  | { readonly kind: "timeout" }
  /** Nobody listens on the subject. */
  | { readonly kind: "no-responders" }
  /** It was not sent, the connection was lost meanwhile (`disconnected`), or the broker did not permit it (`refused`). */
  | { readonly kind: "failed"; readonly reason: Exclude<PublishOutcome, "sent" | "no-reply"> | "refused" };

/** What happened to the bus itself. */
export type BusEvent =
  /** Subscriptions are in force; whoever shares state publishes it again. `server`: its address. */
  | { readonly type: "connected"; readonly server: string }
  /** Once for each loss, and again while it goes on when the reason changes. The bus tries again for ever. */
  | { readonly type: "disconnected"; readonly reason: string }
  /** The server asks its clients to go elsewhere: the connection will be lost soon. */
  | { readonly type: "lame-duck" }
  /** The broker does not take what we send, or says that we do not take what it sends; told once until it is over. */
  | { readonly type: "slow-consumer"; readonly reason: string }
  /** The broker does not permit it. A subscription is tried again with the next connection. */
  | { readonly type: "permission-violation"; readonly operation: "publish" | "subscribe"; readonly subject: string };

/** A subscription in force as long as the bus is connected; it survives losses of the connection. */
export interface BusSubscription {
  /** No message comes after this. */
  unsubscribe(): void;
}

/** Running totals. */
export interface BusCounters {
  /** Messages handed to the broker, requests included. */
  sent: number;
  /** Messages and requests that ended as anything but `sent`. */
  refused: number;
  /** Messages given to handlers, answers included. */
  received: number;
  /** Messages from the broker that no handler saw: over 64 KiB, or with headers that are none. */
  dropped: number;
  /** Connections made. */
  connects: number;
}

/** One node's place on the bus. */
export interface Bus {
  readonly counters: Readonly<BusCounters>;
  readonly isConnected: boolean;
  /** Sends to whoever subscribes now, this bus included. */
  publish(subject: string, payload: Uint8Array, headers?: BusHeaders): PublishOutcome;
  /**
   * Hears what is published on a subject, which may have wildcards. Of the subscriptions with one queue name only one, chosen at
   * random, gets each message; an empty name: each message. Null: the subject or name is not valid, there are 1,024 already, or
   * the bus is closed.
   */
  subscribe(subject: string, handler: BusHandler, queue?: string): BusSubscription | null;
  /** Asks and calls `done` once, after this returned, at the latest when the time is over. */
  request(subject: string, payload: Uint8Array, timeoutMs: number, done: (outcome: RequestOutcome) => void): void;
  /** True once the broker has all that was published and subscribed before; false when the connection is lost before. */
  flush(): Promise<boolean>;
  /** Takes no new messages, lets those under way go out, and ends. Open requests fail as `closed`. No event follows. */
  close(): Promise<void>;
}

/** Larger payloads are neither sent nor received. */
export const PAYLOAD_BYTES_MAX = 65_536;

/** Larger header blocks are not sent. */
export const HEADER_BYTES_MAX = 4_096;

/** Subscriptions of one bus. */
export const SUBSCRIPTIONS_MAX = 1_024;

/** Requests of one bus that await their answer; more are `full`. */
export const REQUESTS_MAX = 1_024;
