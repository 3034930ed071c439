// The half of a bus that does not depend on what carries it: checks, limits, subscriptions, requests, events and totals. What carries
// messages extends it (nats-bus.ts; a simulated broker in tests), so that both obey one rule.
import type { TimerWheel } from "../../../base/timer-wheel.ts";
import {
  type Bus,
  type BusCounters,
  type BusEvent,
  type BusHandler,
  type BusHeaders,
  type BusMessage,
  type BusSubscription,
  PAYLOAD_BYTES_MAX,
  type PublishOutcome,
  REQUESTS_MAX,
  type RequestOutcome,
  SUBSCRIPTIONS_MAX,
} from "./bus.ts";
import { checkMessage } from "./check-message.ts";
import { Requests } from "./requests.ts";
import { isQueueName, isSubscribeSubject } from "./subject.ts";

/** A message on its way. */
export interface Carried {
  readonly subject: string;
  /** Where an answer is awaited; empty: none is. */
  readonly reply: string;
  readonly payload: Uint8Array;
  readonly headers: BusHeaders;
  /** 503: from the broker, nobody listens; 0: a message. */
  readonly status: number;
}

/** What the broker is to send. */
export interface Subscription {
  readonly subject: string;
  /** Empty: no group. */
  readonly queue: string;
  /** Called for each message, also one that comes after the end. */
  receive(message: Carried): void;
}

/** What a bus stands on. */
export interface BusParts {
  readonly wheel: TimerWheel;
  /** Only `slow-consumer` comes while a call of the owner runs. */
  onEvent(event: BusEvent): void;
}

/** A bus without its carrier. */
export abstract class BaseBus implements Bus {
  readonly counters: BusCounters = { sent: 0, refused: 0, received: 0, dropped: 0, connects: 0 };
  protected readonly parts: BusParts;
  private readonly inboxSubject: string;
  private readonly subscriptions = new Set<Subscription>();
  private readonly requests: Requests;
  private inbox: Subscription | null = null;
  private phase: "disconnected" | "connected" | "closed" = "disconnected";
  private lostReason: string | null = null;
  private isFull = false;
  private ending: Promise<void> | null = null;

  /** Answers come to subjects under `inboxSubject`, which nobody else uses. */
  protected constructor(parts: BusParts, inboxSubject: string) {
    this.parts = parts;
    this.inboxSubject = inboxSubject;
    this.requests = new Requests(parts.wheel);
  }

  get isConnected(): boolean {
    return this.phase === "connected";
  }

  publish(subject: string, payload: Uint8Array, headers: BusHeaders = []): PublishOutcome {
    return this.transmit({ subject, reply: "", payload, headers, status: 0 });
  }

  subscribe(subject: string, handler: BusHandler, queue: string = ""): BusSubscription | null {
    const isValid = isSubscribeSubject(subject) && (queue === "" || isQueueName(queue));
    if (this.phase === "closed" || !isValid || this.subscriptions.size >= SUBSCRIPTIONS_MAX) return null;
    const subscription: Subscription = {
      subject,
      queue,
      receive: (carried) => {
        if (this.subscriptions.has(subscription) && this.admit(carried)) handler(this.messageOf(carried));
      },
    };
    this.subscriptions.add(subscription);
    this.listen(subscription);
    return {
      unsubscribe: () => {
        if (this.subscriptions.delete(subscription)) this.unlisten(subscription);
      },
    };
  }

  request(subject: string, payload: Uint8Array, timeoutMs: number, done: (outcome: RequestOutcome) => void): void {
    const isFull = this.requests.size >= REQUESTS_MAX;
    const token = this.requests.add(subject, timeoutMs, done);
    this.openInbox();
    const reply = `${this.inboxSubject}.${token}`;
    const outcome = isFull ? this.refuse("full") : this.transmit({ subject, reply, payload, headers: [], status: 0 });
    if (outcome !== "sent" && outcome !== "no-reply") this.requests.failSoon(token, outcome);
  }

  flush(): Promise<boolean> {
    return this.isConnected ? this.confirm() : Promise.resolve(false);
  }

  close(): Promise<void> {
    if (this.ending === null) {
      this.phase = "closed";
      this.ending = this.end();
      this.requests.fail("closed", null);
      this.subscriptions.clear();
    }
    return this.ending;
  }

  /** Called while connected, with what the rules permit. */
  protected abstract send(message: Carried): PublishOutcome;
  /** Brings it into force on the connection that there is; the next one begins with `wanted`. */
  protected abstract listen(subscription: Subscription): void;
  protected abstract unlisten(subscription: Subscription): void;
  /** Called while connected; see `Bus.flush`. */
  protected abstract confirm(): Promise<boolean>;
  /** Called once: lets what is under way go out and ends the connection. */
  protected abstract end(): Promise<void>;

  /** Those that a new connection brings into force. */
  protected wanted(): readonly Subscription[] {
    return this.inbox === null ? [...this.subscriptions] : [this.inbox, ...this.subscriptions];
  }

  protected get isClosed(): boolean {
    return this.phase === "closed";
  }

  /** Subscriptions are in force. */
  protected connected(server: string): void {
    if (this.isClosed) return;
    this.phase = "connected";
    this.lostReason = null;
    this.isFull = false;
    this.counters.connects++;
    this.parts.onEvent({ type: "connected", server });
  }

  /** The connection is lost, or could not be made. */
  protected lost(reason: string): void {
    if (this.isClosed) return;
    this.phase = "disconnected";
    this.requests.fail("disconnected", null);
    if (reason === this.lostReason) return;
    this.lostReason = reason;
    this.parts.onEvent({ type: "disconnected", reason });
  }

  /** The broker does not permit it. */
  protected notPermitted(operation: "publish" | "subscribe", subject: string): void {
    if (this.isClosed) return;
    if (operation === "publish") this.requests.fail("refused", subject);
    else if (subject === this.inbox?.subject) this.requests.fail("refused", null);
    this.parts.onEvent({ type: "permission-violation", operation, subject });
  }

  /** Any other event. */
  protected report(event: Extract<BusEvent, { readonly type: "lame-duck" | "slow-consumer" }>): void {
    if (!this.isClosed) this.parts.onEvent(event);
  }

  private openInbox(): void {
    if (this.inbox !== null || this.isClosed) return;
    const start = this.inboxSubject.length + 1;
    this.inbox = {
      subject: `${this.inboxSubject}.*`,
      queue: "",
      receive: (carried) => {
        const token = carried.subject.slice(start);
        if (carried.status === NO_RESPONDERS) this.requests.settle(token, { kind: "no-responders" });
        else if (this.requests.has(token) && this.admit(carried))
          this.requests.settle(token, { kind: "answer", message: this.messageOf(carried) });
      },
    };
    this.listen(this.inbox);
  }

  private transmit(message: Carried): PublishOutcome {
    if (this.isClosed) return this.refuse("closed");
    const wrong = checkMessage(message.subject, message.payload, message.headers);
    if (wrong !== null) return this.refuse(wrong);
    if (!this.isConnected) return this.refuse("disconnected");
    const outcome = this.send(message);
    if (outcome !== "sent") {
      if (outcome === "full") this.tellFull();
      return this.refuse(outcome);
    }
    this.isFull = false;
    this.counters.sent++;
    return outcome;
  }

  private refuse(outcome: PublishOutcome): PublishOutcome {
    this.counters.refused++;
    return outcome;
  }

  private tellFull(): void {
    if (this.isFull) return;
    this.isFull = true;
    this.report({ type: "slow-consumer", reason: "the broker does not take what is sent" });
  }

  private admit({ payload }: Carried): boolean {
    if (payload.length > PAYLOAD_BYTES_MAX) this.counters.dropped++;
    else this.counters.received++;
    return payload.length <= PAYLOAD_BYTES_MAX;
  }

  private messageOf({ subject, reply, payload, headers }: Carried): BusMessage {
    return {
      subject,
      payload,
      headers,
      respond: (answer, answerHeaders = []) =>
        reply === ""
          ? this.refuse("no-reply")
          : this.transmit({ subject: reply, reply: "", payload: answer, headers: answerHeaders, status: 0 }),
    };
  }
}

/** As in HTTP; the broker answers so when a request has no subscriber. */
const NO_RESPONDERS = 503;
