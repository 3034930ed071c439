// A broker in simulated time, with the network around it, from one source of chance: messages are delayed, lost, doubled and reordered as
// the weather says; a connection itself behaves as TCP does: in order, and whole or broken. Its clients are simulated buses.
import type { Random } from "../../src/base/random.ts";
import { Timer, type TimerWheel } from "../../src/base/timer-wheel.ts";
import type { Carried, Subscription } from "../../src/control/mesh/bus/base-bus.ts";
import { subjectMatches } from "../../src/control/mesh/bus/subject.ts";

/** What happens to each message on each of its two ways: to the broker, and to a subscriber. */
export interface Weather {
  readonly delayMsMin: number;
  readonly delayMsMax: number;
  /** Of 1,000 messages. */
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
}

/** Every message arrives once and in order after a millisecond or two. */
export const FAIR_WEATHER: Weather = { delayMsMin: 1, delayMsMax: 2, lost: 0, doubled: 0, reordered: 0 };

/** What the broker stands on: the wheel gives the grain of time, so a tick of 1 ms suits delays of a few. */
export interface SimulationParts {
  readonly clock: { nowMs(): number };
  readonly wheel: TimerWheel;
  readonly random: Random;
}

/** Who connects. */
export interface SimulatedClient {
  readonly name: string;
  /** The connection's end, heard of or noticed. */
  onLost(connection: Connection, reason: string): void;
}

/** The broker and the network around it. */
export class SimulatedBroker {
  /** May be changed at any time. */
  weather: Weather = FAIR_WEATHER;
  readonly parts: SimulationParts;
  private readonly connections = new Set<Connection>();
  private readonly cutNames = new Set<string>();
  private readonly agenda: { readonly dueMs: number; readonly run: () => void }[] = [];
  private readonly timer: Timer = new Timer(() => this.runDue());
  private interest = new Map<string, readonly Interest[]>();
  private isUp = true;

  constructor(parts: SimulationParts) {
    this.parts = parts;
  }

  /** The broker's process ends; its clients hear of it unless they are cut off. */
  stop(): void {
    this.isUp = false;
    for (const connection of this.connections) {
      connection.down(() => connection.lose("the server closed the connection"), "control");
      this.forget(connection);
    }
  }

  start(): void {
    this.isUp = true;
  }

  /** Nothing passes between the node and the broker. The node notices after two or three seconds without an answer, the broker later. */
  cut(name: string): void {
    this.cutNames.add(name);
    for (const connection of this.connections) {
      if (connection.name !== name) continue;
      connection.cuts++;
      const { cuts } = connection;
      const stillCut = (): boolean => this.isCut(name) && connection.cuts === cuts;
      this.in(2_000 + this.parts.random.below(1_000), () => stillCut() && connection.lose("no answer to two pings"));
      this.in(BROKER_STALE_MS, () => stillCut() && this.forget(connection));
    }
  }

  /** The network is whole again: a connection that nobody gave up goes on where it was. */
  mend(name: string): void {
    this.cutNames.delete(name);
    for (const connection of [...this.connections]) {
      if (connection.name !== name) continue;
      if (connection.isOpen) connection.release();
      else this.forget(connection);
    }
  }

  isCut(name: string): boolean {
    return this.cutNames.has(name);
  }

  /** Runs it later. */
  in(delayMs: number, run: () => void): void {
    this.at(this.parts.clock.nowMs() + delayMs, run);
  }

  /** Runs it then; of one time, in the order of asking. */
  at(dueMs: number, run: () => void): void {
    const { agenda } = this;
    let at = agenda.length;
    while (at > 0 && (agenda[at - 1]?.dueMs ?? 0) > dueMs) at--;
    agenda.splice(at, 0, { dueMs, run });
    if (at === 0) this.parts.wheel.armAt(this.timer, dueMs);
  }

  /** A new connection; null: the broker is down or out of reach. */
  admit(client: SimulatedClient): Connection | null {
    if (!this.isUp || this.isCut(client.name)) return null;
    const connection = new Connection(this, client);
    this.connections.add(connection);
    return connection;
  }

  /** The broker gives the connection up. */
  forget(connection: Connection): void {
    this.connections.delete(connection);
    connection.subscriptions.clear();
    this.interest.clear();
  }

  /** The broker heard of an interest, or of its end. */
  setInterest(connection: Connection, subscription: Subscription, isWanted: boolean): void {
    if (!this.connections.has(connection)) return;
    if (isWanted) connection.subscriptions.add(subscription);
    else connection.subscriptions.delete(subscription);
    this.interest.clear();
  }

  /** The broker has a message. */
  route(from: Connection, message: Carried): void {
    if (!this.connections.has(from)) return;
    const groups = new Map<string, Interest[]>();
    const interested = this.interestIn(message.subject);
    for (const interest of interested) {
      const { queue } = interest.subscription;
      if (queue === "") interest.connection.deliver(interest.subscription, message);
      else groups.set(queue, [...(groups.get(queue) ?? []), interest]);
    }
    for (const members of groups.values()) {
      const chosen = members[this.parts.random.below(members.length)];
      chosen?.connection.deliver(chosen.subscription, message);
    }
    if (interested.length > 0 || message.reply === "") return;
    const nobody: Carried = { subject: message.reply, reply: "", payload: new Uint8Array(), headers: [], status: 503 };
    for (const { connection, subscription } of this.interestIn(message.reply)) {
      if (connection === from) connection.deliver(subscription, nobody);
    }
  }

  /** The time, and how long a message is under way now. */
  moment(): { readonly nowMs: number; readonly delayMs: number } {
    const { delayMsMin, delayMsMax } = this.weather;
    const { clock, random } = this.parts;
    return { nowMs: clock.nowMs(), delayMs: delayMsMin + random.below(delayMsMax - delayMsMin + 1) };
  }

  private interestIn(subject: string): readonly Interest[] {
    const known = this.interest.get(subject);
    if (known !== undefined) return known;
    const found = [...this.connections].flatMap((connection) =>
      [...connection.subscriptions]
        .filter((subscription) => subjectMatches(subscription.subject, subject))
        .map((subscription) => ({ connection, subscription })),
    );
    if (this.interest.size >= INTEREST_CACHE_MAX) this.interest.clear();
    this.interest.set(subject, found);
    return found;
  }

  private runDue(): void {
    const now = this.parts.clock.nowMs();
    let next = this.agenda[0];
    while (next !== undefined && next.dueMs <= now) {
      this.agenda.shift();
      next.run();
      next = this.agenda[0];
    }
    if (next !== undefined) this.parts.wheel.armAt(this.timer, next.dueMs);
  }
}

/** One connection, as both ends and the network between them see it. */
export class Connection {
  readonly name: string;
  /** Those that the broker heard of. */
  readonly subscriptions: Set<Subscription> = new Set();
  /** How often it was cut. */
  cuts = 0;
  /** On the client's side: the broker may know it longer. */
  isOpen = true;
  private readonly broker: SimulatedBroker;
  private readonly client: SimulatedClient;
  private readonly latestMs = { up: 0, down: 0 };
  private readonly waiting = new Set<(isThere: boolean) => void>();
  private held: { readonly way: Way; readonly run: () => void }[] = [];

  constructor(broker: SimulatedBroker, client: SimulatedClient) {
    this.broker = broker;
    this.client = client;
    this.name = client.name;
  }

  /** Done at the broker when it gets there. The weather spares what is no message. */
  up(run: () => void, kind: "message" | "control"): void {
    this.carry("up", run, kind);
  }

  /** Done at the client when it gets there. */
  down(run: () => void, kind: "message" | "control"): void {
    this.carry("down", run, kind);
  }

  /** A message for one of its subscriptions. */
  deliver(subscription: Subscription, message: Carried): void {
    this.down(() => subscription.receive(message), "message");
  }

  /** Answers whether all that was sent before has reached the broker. */
  confirm(done: (isThere: boolean) => void): void {
    this.waiting.add(done);
    const answered = (): void => {
      if (this.waiting.delete(done)) done(true);
    };
    this.up(() => this.down(answered, "control"), "control");
  }

  /** The client's end of it. */
  lose(reason: string): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.held = [];
    for (const done of this.waiting) done(false);
    this.waiting.clear();
    this.client.onLost(this, reason);
  }

  /** What the cut held up goes on, in order. */
  release(): void {
    const held = this.held;
    this.held = [];
    for (const { way, run } of held) this.carry(way, run, "control");
  }

  private carry(way: Way, run: () => void, kind: "message" | "control"): void {
    const { lost, doubled, reordered } = kind === "message" ? this.broker.weather : FAIR_WEATHER;
    if (this.happens(lost)) return;
    const copies = this.happens(doubled) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const { nowMs, delayMs } = this.broker.moment();
      const isLate = this.happens(reordered);
      const dueMs = isLate ? nowMs + 3 * delayMs : Math.max(nowMs + delayMs, this.latestMs[way]);
      if (!isLate) this.latestMs[way] = dueMs;
      this.broker.at(dueMs, () => this.arrive(way, run));
    }
  }

  private arrive(way: Way, run: () => void): void {
    if (!this.isOpen) return;
    if (this.broker.isCut(this.name)) this.held.push({ way, run });
    else run();
  }

  private happens(ofThousand: number): boolean {
    return ofThousand > 0 && this.broker.parts.random.below(1_000) < ofThousand;
  }
}

type Way = "up" | "down";

interface Interest {
  readonly connection: Connection;
  readonly subscription: Subscription;
}

/** How long the broker keeps a connection that does not answer: two pings of ten seconds. */
const BROKER_STALE_MS = 30_000;

const INTEREST_CACHE_MAX = 4_096;
