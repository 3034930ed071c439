// A listener of one worker between a client and upstreams that are objects in memory: bytes in, bytes out, and time that stands still.
import { ByteWriter } from "../../src/base/byte-writer.ts";
import { SeededRandom } from "../../src/base/random.ts";
import type { ListenerPlan } from "../../src/config/plan/listener.ts";
import type { WorkerContext } from "../../src/dataplane/exchange/worker-context.ts";
import type { FilterMaker } from "../../src/dataplane/filters/filter.ts";
import { createListenerService, workerContext } from "../../src/dataplane/listener-service.ts";
import { runtimeView } from "../../src/dataplane/routing/runtime-view.ts";
import type { ListenerService, WorkerServices } from "../../src/dataplane/worker-services.ts";
import type { Channel, ChannelHandler, NetFault, TlsFacts } from "../../src/net/channel.ts";
import type { LogFiles } from "../../src/telemetry/access-log.ts";
import { createAccessLogs } from "../../src/telemetry/access-log.ts";
import { CLUSTER } from "../../src/telemetry/cluster-stats.ts";
import { HTTP2_CODEC } from "../../src/telemetry/codec-stats.ts";
import { HOST } from "../../src/telemetry/host-stats.ts";
import { HTTP } from "../../src/telemetry/http-stats.ts";
import { LISTENER_HTTP } from "../../src/telemetry/listener-http-stats.ts";
import { LISTENER } from "../../src/telemetry/listener-stats.ts";
import type { BlockSchema } from "../../src/telemetry/stats-block.ts";
import { type StatsNotice, StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { FakeUpstreams } from "./fake-upstreams.ts";
import { VirtualClock } from "./virtual-clock.ts";

const SCHEMAS: readonly BlockSchema[] = [HTTP, LISTENER, LISTENER_HTTP, CLUSTER, HTTP2_CODEC, HOST];

/** A worker with one listener. */
export class ExchangeWorld {
  readonly clock: VirtualClock = new VirtualClock();
  readonly upstreams: FakeUpstreams;
  readonly service: ListenerService;
  readonly context: WorkerContext;
  readonly services: WorkerServices;
  /** Lines of every access log. */
  logged = "";
  /** Own mistakes that were reported: always to be empty. */
  readonly bugs: unknown[] = [];
  private readonly plan: ListenerPlan;
  private readonly stats: StatsWriter;
  private readonly notices: StatsNotice[] = [];
  private readonly clients: FakeChannel[] = [];

  constructor(plan: ListenerPlan, more: { filters?: readonly FilterMaker[]; memoryBytesMax?: number } = {}) {
    this.plan = plan;
    this.stats = new StatsWriter((notice) => this.notices.push(notice));
    this.upstreams = new FakeUpstreams(this.stats);
    const files: LogFiles = {
      open: () => 9,
      write: (_, bytes, done) => {
        this.logged += bytes.toString("utf8");
        done(null);
      },
      writeSync: (_, bytes) => {
        this.logged += bytes.toString("utf8");
      },
      close: () => {},
    };
    this.services = {
      clock: this.clock,
      wheel: this.clock.wheel,
      random: new SeededRandom(1),
      stats: this.stats,
      upstreams: this.upstreams,
      accessLogs: createAccessLogs(this.clock.wheel, 10_000, files),
      runtime: runtimeView({}),
      workerName: "worker_0",
      hostname: "box",
      localAddress: "192.0.2.2",
      memoryBytesMax: more.memoryBytesMax ?? 256 * 1024 * 1024,
      onBug: (error) => this.bugs.push(error),
    };
    this.service = createListenerService(this.services, plan, more.filters);
    this.context = workerContext(this.services);
  }

  /** A client connects. */
  connect(more: Partial<Pick<FakeChannel, "remoteAddress" | "tls">> = {}): FakeChannel {
    const channel = new FakeChannel();
    Object.assign(channel, more);
    this.clients.push(channel);
    const chain = this.plan.filterChains[0];
    if (chain === undefined) throw new Error("the plan has no filter chain");
    this.service.onChannel(channel, chain);
    return channel;
  }

  /** One request on a connection of its own; what came back. */
  ask(request: string): string {
    const client = this.connect();
    client.send(request);
    return client.received();
  }

  /** Value of a counter, gauge or slot by its full name; 0 when nobody defined it. */
  stat(name: string): number {
    for (const notice of this.notices) {
      if (notice.type === "stat" && notice.name === name) {
        const slot = notice.gauge ? this.stats.gauge(name) : this.stats.counter(name);
        return slot.values[slot.at] as number;
      }
      if (notice.type !== "block" || !name.startsWith(notice.prefix)) continue;
      const schema = SCHEMAS.find(({ id }) => id === notice.schema);
      const at = schema?.names.indexOf(name.slice(notice.prefix.length)) ?? -1;
      if (schema !== undefined && at >= 0) return this.stats.block(schema, notice.prefix)[at] as number;
    }
    return 0;
  }

  /** Number of values in a histogram. */
  recorded(name: string): number {
    return this.stats.histogram(name).reduce((sum, bucket) => sum + bucket, 0);
  }

  /** Every client goes away; then names all that is still held. Empty is what a test wants. */
  leaks(): string[] {
    for (const client of this.clients) client.hangUp();
    const found: string[] = [];
    for (const notice of this.notices) {
      if (notice.type === "stat" && notice.gauge && this.stat(notice.name) !== 0) found.push(notice.name);
      if (notice.type !== "block") continue;
      const schema = SCHEMAS.find(({ id }) => id === notice.schema);
      for (const name of schema?.names.slice(schema.gaugesFrom) ?? [])
        if (this.stat(notice.prefix + name) !== 0)
          found.push(`${notice.prefix}${name}: ${this.stat(notice.prefix + name)}`);
    }
    if (this.service.connections() !== 0) found.push(`${this.service.connections()} connections`);
    if (this.context.budget.heldBytes !== 0) found.push(`${this.context.budget.heldBytes} bytes of bodies`);
    found.push(...this.upstreams.unfinished());
    found.push(...this.bugs.map(String));
    return found;
  }

  /** Writes out the access logs and answers them. */
  log(): string {
    this.services.accessLogs.flush();
    return this.logged;
  }
}

/** The client's end of an accepted connection, and the channel itself. */
export class FakeChannel implements Channel {
  handler: ChannelHandler = NOBODY;
  readonly out: ByteWriter = new ByteWriter(256);
  remoteAddress: string = "127.0.0.1";
  remotePort: number = 40_000;
  readonly localAddress: string = "127.0.0.1";
  readonly localPort: number = 10_000;
  tls: TlsFacts | null = null;
  bytesRead: number = 0;
  bytesWritten: number = 0;
  readonly readCalls: number = 0;
  readonly writeCalls: number = 0;
  /** How the proxy ended it; empty while it is open. */
  ending: "" | "close" | "abort" = "";
  /** Whether the proxy wants no more bytes. */
  isPaused: boolean = false;
  /** While true the client takes nothing, so that what is written stays queued. */
  isStalled: boolean = false;
  private taken = "";
  private gone = false;
  private wasHigh = false;

  /** The client sends. */
  send(text: string | Uint8Array): void {
    const bytes = typeof text === "string" ? Buffer.from(text, "latin1") : text;
    this.bytesRead += bytes.length;
    this.handler.onData(bytes, 0, bytes.length);
  }

  /** The client closes its sending side. */
  sendEnd(): void {
    this.handler.onEnd();
  }

  /** The client goes away. */
  hangUp(fault: NetFault | null = null): void {
    if (this.gone) return;
    this.gone = true;
    this.handler.onClose(fault);
  }

  /** What the client got since the last call, as latin1. */
  received(): string {
    this.take();
    const text = this.taken;
    this.taken = "";
    return text;
  }

  /** The client takes what waited. */
  unstall(): void {
    this.isStalled = false;
    this.take();
    if (!this.wasHigh) return;
    this.wasHigh = false;
    this.handler.onDrain();
  }

  scheduleFlush(): void {
    if (!this.isStalled) this.take();
  }

  flush(): void {
    this.scheduleFlush();
  }

  writeThrough(bytes: Uint8Array, start: number, end: number): void {
    this.out.reserve(end - start);
    this.out.bytes.set(bytes.subarray(start, end), this.out.end);
    this.out.end += end - start;
    this.scheduleFlush();
  }

  queuedBytes(): number {
    if (this.out.end > 16_384) this.wasHigh = true;
    return this.out.end;
  }

  pauseReading(): void {
    this.isPaused = true;
  }

  resumeReading(): void {
    this.isPaused = false;
  }

  close(): void {
    if (this.ending === "") this.ending = "close";
  }

  abort(): void {
    if (this.ending === "") this.ending = "abort";
    this.hangUp(null);
  }

  private take(): void {
    this.taken += this.out.bytes.toString("latin1", 0, this.out.end);
    this.bytesWritten += this.out.end;
    this.out.end = 0;
  }
}

const NOBODY: ChannelHandler = {
  onConnect: () => {},
  onData: () => {},
  onEnd: () => {},
  onDrain: () => {},
  onClose: () => {},
};
