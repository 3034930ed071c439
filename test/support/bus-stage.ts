// Buses over NATS on one broker, in real time: the contract's stage on the embedded broker and on a nats-server process.
import { systemClock } from "../../src/base/clock.ts";
import { DrivenWheel } from "../../src/base/driven-wheel.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { BROKER_LIMITS, type BrokerLimits } from "../../src/control/mesh/bus/broker/broker-limits.ts";
import { type BrokerServer, serveBroker } from "../../src/control/mesh/bus/broker/broker-server.ts";
import type { BusEvent } from "../../src/control/mesh/bus/bus.ts";
import type { BusConnection } from "../../src/control/mesh/bus/connection.ts";
import { NatsBus } from "../../src/control/mesh/bus/nats-bus.ts";
import { NATS_PACE, type NatsPace } from "../../src/control/mesh/bus/nats-pace.ts";
import type { BusStage, Member } from "../control/mesh/bus/contract-stage.ts";
import { eventually } from "./nodes.ts";

/** A broker that can be stopped and started again at the same port. */
export interface TestBroker {
  readonly port: number;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** As patient as production with servers that are late, which says nothing of them on a busy machine; quick to come back. */
export const TEST_PACE: NatsPace = {
  dialTimeoutMs: NATS_PACE.dialTimeoutMs,
  pingIntervalMs: NATS_PACE.pingIntervalMs,
  pingsOutMax: 2,
  reconnectWaitMs: 25,
  reconnectJitterMs: 100,
};

/** A connection with nothing but a server. */
export function plainConnection(...servers: string[]): BusConnection {
  return {
    servers,
    name: "test",
    caFile: null,
    certFile: null,
    keyFile: null,
    serverName: null,
    nkeySeedFile: null,
    credentialsFile: null,
  };
}

/** The embedded broker in this process. */
export class EmbeddedBroker implements TestBroker {
  port: number = 0;
  readonly wheel: DrivenWheel = new DrivenWheel(systemClock);
  private readonly limits: BrokerLimits;
  private server: BrokerServer | null = null;

  constructor(limits: Partial<BrokerLimits> = {}) {
    this.limits = { ...BROKER_LIMITS, ...limits };
  }

  get serving(): BrokerServer {
    if (this.server === null) throw new Error("the broker does not run");
    return this.server;
  }

  async start(): Promise<void> {
    const parts = { wheel: this.wheel, random: new SeededRandom(11), limits: this.limits };
    const outcome = await serveBroker(parts, this.port);
    if (outcome.kind === "fault") throw new Error(outcome.code);
    this.server = outcome.server;
    this.port = outcome.server.port;
  }

  async stop(): Promise<void> {
    await this.server?.close();
    this.server = null;
  }
}

/** Buses on a broker. */
export class NatsStage implements BusStage {
  private readonly broker: TestBroker;
  private readonly pace: NatsPace;
  private readonly wheel = new DrivenWheel(systemClock);
  private readonly members: Member[] = [];
  private isUp = true;

  private constructor(broker: TestBroker, pace: NatsPace) {
    this.broker = broker;
    this.pace = pace;
  }

  static async open(broker: TestBroker, pace: NatsPace): Promise<NatsStage> {
    await broker.start();
    return new NatsStage(broker, pace);
  }

  async join(connection: Partial<BusConnection> = {}): Promise<Member> {
    const member = this.joinLater(connection);
    if (this.isUp) await this.until(() => member.bus.isConnected);
    return member;
  }

  /** A bus that may not be let in. */
  joinLater(connection: Partial<BusConnection>): Member {
    const events: BusEvent[] = [];
    const bus = new NatsBus(
      {
        wheel: this.wheel,
        random: new SeededRandom(this.members.length + 1),
        pace: this.pace,
        onEvent: (event) => events.push(event),
      },
      { ...plainConnection(`nats://127.0.0.1:${this.broker.port}`), ...connection },
    );
    const member = { bus, events };
    this.members.push(member);
    return member;
  }

  until(condition: () => boolean): Promise<void> {
    return eventually(condition);
  }

  async settle(): Promise<void> {
    const flush = (): Promise<unknown> => Promise.all(this.members.map(({ bus }) => bus.flush()));
    await flush();
    await flush();
    // Answers to what came.
    await flush();
  }

  async stopBroker(): Promise<void> {
    this.isUp = false;
    await this.broker.stop();
  }

  async startBroker(): Promise<void> {
    this.isUp = true;
    await this.broker.start();
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map(({ bus }) => bus.close()));
    await this.broker.stop();
    this.wheel.stop();
  }
}
