// A bus without a server to install, for the processes of one machine: the first of them serves as broker on the loopback address, all
// connect to it, and when it goes one of the others takes its place.
import { Timer } from "../../../base/timer-wheel.ts";
import { BROKER_LIMITS } from "./broker/broker-limits.ts";
import { type BrokerServer, serveBroker } from "./broker/broker-server.ts";
import { NatsBus, type NatsBusParts } from "./nats-bus.ts";

/** How to find the others. */
export interface EmbeddedOptions {
  /** The same for all of them. */
  readonly port: number;
  /** Of this node, shown by nothing but for people who debug. */
  readonly name: string;
}

/** A bus that also serves when nobody else does. */
export class EmbeddedBus extends NatsBus {
  private readonly options: EmbeddedOptions;
  private readonly serve: typeof serveBroker;
  private readonly bindTimer: Timer = new Timer(() => void this.bind());
  private server: BrokerServer | null = null;
  private binding: Promise<void> = Promise.resolve();
  private isBinding = false;
  private bindFault = "";

  /** `serve` is what opens the broker: a test may bring one that cannot. */
  constructor(parts: NatsBusParts, options: EmbeddedOptions, serve: typeof serveBroker = serveBroker) {
    super(parts, {
      servers: [`nats://127.0.0.1:${options.port}`],
      name: options.name,
      caFile: null,
      certFile: null,
      keyFile: null,
      serverName: null,
      nkeySeedFile: null,
      credentialsFile: null,
    });
    this.options = options;
    this.serve = serve;
    this.bind();
  }

  /** Whether this process serves. */
  get isServing(): boolean {
    return this.server !== null;
  }

  protected override lost(reason: string): void {
    if (this.server === null && !this.isBinding && !this.isClosed) {
      this.isBinding = true;
      this.parts.wheel.arm(this.bindTimer, this.random.below(BIND_JITTER_MS));
    }
    super.lost(this.bindFault === "" ? reason : `${reason}; ${this.bindFault}`);
  }

  protected override async end(): Promise<void> {
    this.parts.wheel.remove(this.bindTimer);
    await super.end();
    await this.binding;
    await this.server?.close();
    this.server = null;
  }

  private bind(): void {
    this.isBinding = true;
    this.binding = this.tryToServe();
  }

  private async tryToServe(): Promise<void> {
    const { wheel } = this.parts;
    const outcome = await this.serve({ wheel, random: this.random, limits: BROKER_LIMITS }, this.options.port);
    this.isBinding = false;
    if (outcome.kind === "serving") this.server = outcome.server;
    // That another process serves is as it should be.
    const isServed = outcome.kind === "serving" || outcome.code === "EADDRINUSE";
    this.bindFault = isServed ? "" : `cannot serve: ${outcome.code}`;
    if (isServed) this.hasten();
  }
}

/** One of those who lost the broker takes its place by then. */
const BIND_JITTER_MS = 500;
