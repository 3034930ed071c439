// One client of the embedded broker: what it asked for, what it subscribes to, and whether it still lives. Errors have nats-server's words.
import { Timer } from "../../../../base/timer-wheel.ts";
import { isPublishSubject, isSubscribeSubject } from "../subject.ts";
import type { Broker } from "./broker.ts";
import { type Command, CommandParser, type Publication } from "./command-parser.ts";

/** Where a client's bytes go. */
export interface ClientOutput {
  /** Bytes that were written and not taken yet. */
  readonly pendingBytes: number;
  write(bytes: Buffer): void;
  /** Ends the connection when all is written. */
  end(): void;
  /** Ends it now. */
  destroy(): void;
}

/** What a client wants to hear. */
export interface BrokerSubscription {
  readonly client: BrokerClient;
  readonly subject: string;
  readonly queue: string;
  readonly sid: string;
  received: number;
  /** It ends after so many; 0: never. */
  max: number;
}

/** A connected client. */
export class BrokerClient {
  private readonly broker: Broker;
  private readonly output: ClientOutput;
  private readonly parser: CommandParser;
  private readonly subscriptions = new Map<string, BrokerSubscription>();
  private readonly timer: Timer = new Timer(() => this.onPingTime());
  private wants: Wants = FIRST_WANTS;
  private pingsOut = 0;
  private hasSent = false;
  private isOver = false;

  constructor(broker: Broker, output: ClientOutput) {
    this.broker = broker;
    this.output = output;
    this.parser = new CommandParser(broker.parts.limits, (command) => this.onCommand(command));
  }

  /** Whether it hears of requests that nobody listens to. */
  get wantsNoResponders(): boolean {
    return this.wants.noResponders;
  }

  /** The first line, which says what the server can. */
  greet(info: string): void {
    this.say(`INFO ${info}`);
    this.armPing();
  }

  /** Takes bytes of the client. */
  receive(bytes: Buffer): void {
    this.hasSent = true;
    this.parser.feed(bytes);
  }

  /** The connection is over, whoever ended it. */
  closed(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.parser.stop();
    this.broker.parts.wheel.remove(this.timer);
    this.broker.remove(this, this.subscriptions.values());
    this.subscriptions.clear();
  }

  /** Ends the connection with an error. */
  fail(text: string): void {
    this.broker.counters.faults++;
    this.complain(text);
    this.end();
  }

  /** Ends the connection. */
  end(): void {
    this.output.end();
    this.closed();
  }

  /** Whether the client takes it: not when it sent it itself and asked for no echo, nor when it is over. */
  deliver(subscription: BrokerSubscription, from: BrokerClient, message: Publication): boolean {
    if (this.isOver || (from === this && !this.wants.echo)) return false;
    subscription.received++;
    this.write(this.frame(subscription, message));
    if (subscription.received === subscription.max) this.drop(subscription);
    return true;
  }

  /** Answers a request for those who are not there. */
  tellNoResponders({ sid }: BrokerSubscription, { subject, reply }: Publication): void {
    const block = `NATS/1.0 503\r\nNats-Subject: ${subject}\r\n\r\n`;
    this.write(Buffer.from(`HMSG ${reply} ${sid} ${block.length} ${block.length}\r\n${block}\r\n`, "latin1"));
  }

  private onCommand(command: Command): void {
    switch (command.type) {
      case "connect":
        this.connect(command.json);
        return;
      case "ping":
        this.say("PONG");
        return;
      case "pong":
        this.pingsOut = 0;
        return;
      case "subscribe":
        this.subscribe(command.subject, command.queue, command.sid);
        return;
      case "unsubscribe":
        this.unsubscribe(command.sid, command.max);
        return;
      case "publish":
        this.publish(command);
        return;
      case "fault":
        this.fail(command.text);
        return;
    }
  }

  private connect(json: string): void {
    const wants = parseWants(json, this.wants);
    if (typeof wants === "string") {
      this.fail(wants);
      return;
    }
    this.wants = wants;
    this.confirm();
  }

  private subscribe(subject: string, queue: string, sid: string): void {
    const { broker } = this;
    const isKnown = this.subscriptions.has(sid);
    if (this.subscriptions.size >= broker.parts.limits.subscriptionsMax)
      this.complain("maximum subscriptions exceeded");
    else if (!isKnown && !isSubscribeSubject(subject)) this.complain("Invalid Subject");
    else {
      if (!isKnown) {
        const subscription = { client: this, subject, queue, sid, received: 0, max: 0 };
        this.subscriptions.set(sid, subscription);
        broker.addSubscription(subscription);
      }
      this.confirm();
    }
  }

  private unsubscribe(sid: string, max: number): void {
    const subscription = this.subscriptions.get(sid);
    if (subscription !== undefined) {
      if (max > subscription.received) subscription.max = max;
      else this.drop(subscription);
    }
    this.confirm();
  }

  private publish(message: Publication): void {
    if (message.headerBytes > 0 && !this.wants.headers) {
      this.fail("message headers not supported");
      return;
    }
    if (this.wants.pedantic && !isPublishSubject(message.subject)) this.complain("Invalid Publish Subject");
    this.confirm();
    this.broker.route(this, message);
  }

  private drop(subscription: BrokerSubscription): void {
    this.subscriptions.delete(subscription.sid);
    this.broker.removeSubscription(subscription);
  }

  /** As this client understands it: without headers when it knows none. */
  private frame({ sid }: BrokerSubscription, { subject, reply, headerBytes, body }: Publication): Buffer {
    const to = reply === "" ? `${subject} ${sid}` : `${subject} ${sid} ${reply}`;
    const isPlain = headerBytes === 0 || !this.wants.headers;
    const sent = isPlain ? body.subarray(headerBytes) : body;
    const line = isPlain ? `MSG ${to} ${sent.length}\r\n` : `HMSG ${to} ${headerBytes} ${sent.length}\r\n`;
    const frame = Buffer.allocUnsafe(line.length + sent.length + 2);
    frame.latin1Write(line);
    sent.copy(frame, line.length);
    frame.latin1Write("\r\n", line.length + sent.length);
    return frame;
  }

  private onPingTime(): void {
    const { limits } = this.broker.parts;
    this.pingsOut = this.hasSent ? 0 : this.pingsOut + 1;
    this.hasSent = false;
    if (this.pingsOut > limits.pingsOutMax) {
      this.broker.counters.staleConnections++;
      this.complain("Stale Connection");
      this.end();
      return;
    }
    if (this.pingsOut > 0) this.say("PING");
    this.armPing();
  }

  private armPing(): void {
    this.broker.parts.wheel.arm(this.timer, this.broker.parts.limits.pingIntervalMs);
  }

  private confirm(): void {
    if (this.wants.verbose) this.say("+OK");
  }

  private complain(text: string): void {
    this.say(`-ERR '${text}'`);
  }

  private say(line: string): void {
    this.write(Buffer.from(`${line}\r\n`, "latin1"));
  }

  /** A client that does not read is cut off without a word, which it would not read either. */
  private write(bytes: Buffer): void {
    if (this.isOver) return;
    if (this.output.pendingBytes + bytes.length > this.broker.parts.limits.pendingBytesMax) {
      this.broker.counters.slowConsumers++;
      this.output.destroy();
      this.closed();
      return;
    }
    this.output.write(bytes);
  }
}

/** What CONNECT may say that matters here. */
interface Wants {
  readonly verbose: boolean;
  readonly pedantic: boolean;
  readonly echo: boolean;
  readonly headers: boolean;
  readonly noResponders: boolean;
}

/** Of a client that has not said otherwise. */
const FIRST_WANTS: Wants = { verbose: true, pedantic: true, echo: true, headers: false, noResponders: false };

/** What it wants now, or what is wrong. What is not said stays as it was. */
function parseWants(json: string, before: Wants): Wants | string {
  let options: unknown;
  try {
    options = JSON.parse(Buffer.from(json, "latin1").toString());
  } catch {
    return "Parser Error";
  }
  if (typeof options !== "object" || options === null || Array.isArray(options)) return "Parser Error";
  const said = options as Readonly<Record<string, unknown>>;
  const flag = (name: string, known: boolean): boolean => {
    const value = said[name];
    return typeof value === "boolean" ? value : known;
  };
  const protocol = said["protocol"] ?? 0;
  const wants: Wants = {
    verbose: flag("verbose", before.verbose),
    pedantic: flag("pedantic", before.pedantic),
    echo: flag("echo", before.echo),
    headers: flag("headers", before.headers),
    noResponders: flag("no_responders", before.noResponders),
  };
  if (protocol !== 0 && protocol !== 1) return "invalid client protocol";
  return wants.noResponders && !wants.headers ? "no responders requires headers support" : wants;
}
