// A node's bus in simulated time: the rules of every bus over a simulated broker. Used by the contract suite and by simulations of the mesh.
import { BaseBus, type Carried, type Subscription } from "../../src/control/mesh/bus/base-bus.ts";
import type { BusEvent, PublishOutcome } from "../../src/control/mesh/bus/bus.ts";
import type { Connection, SimulatedBroker, SimulatedClient } from "./simulated-broker.ts";

/** A node's bus on a simulated broker. */
export class SimulatedBus extends BaseBus implements SimulatedClient {
  readonly name: string;
  private readonly broker: SimulatedBroker;
  private connection: Connection | null = null;

  constructor(broker: SimulatedBroker, name: string, onEvent: (event: BusEvent) => void) {
    super({ wheel: broker.parts.wheel, onEvent }, `_INBOX.${name}`);
    this.broker = broker;
    this.name = name;
    broker.in(broker.weather.delayMsMin, () => this.dial());
  }

  /** The connection's end, heard of or noticed. */
  onLost(connection: Connection, reason: string): void {
    if (connection !== this.connection) return;
    this.connection = null;
    this.lost(reason);
    if (!this.isClosed) this.dialLater();
  }

  protected override send(message: Carried): PublishOutcome {
    const { connection } = this;
    if (connection === null) return "disconnected";
    const copy = { ...message, payload: new Uint8Array(message.payload) };
    connection.up(() => this.broker.route(connection, copy), "message");
    return "sent";
  }

  protected override listen(subscription: Subscription): void {
    this.tell(subscription, true);
  }

  protected override unlisten(subscription: Subscription): void {
    this.tell(subscription, false);
  }

  protected override confirm(): Promise<boolean> {
    const { connection } = this;
    return new Promise((resolve) => (connection === null ? resolve(false) : connection.confirm(resolve)));
  }

  protected override end(): Promise<void> {
    const { connection } = this;
    if (connection === null) return Promise.resolve();
    return new Promise((resolve) =>
      connection.confirm(() => {
        connection.lose("closed");
        this.broker.forget(connection);
        resolve();
      }),
    );
  }

  private dial(): void {
    if (this.isClosed) return;
    const connection = this.broker.admit(this);
    if (connection === null) {
      this.lost("no answer");
      this.dialLater();
      return;
    }
    this.connection = connection;
    for (const subscription of this.wanted()) this.tell(subscription, true);
    connection.confirm((isThere) => {
      if (isThere) this.connected("simulated");
    });
  }

  private dialLater(): void {
    this.broker.in(500 + this.broker.parts.random.below(1_000), () => this.dial());
  }

  private tell(subscription: Subscription, isWanted: boolean): void {
    const { connection } = this;
    connection?.up(() => this.broker.setInterest(connection, subscription, isWanted), "control");
  }
}
