// A listener of one worker between a client and upstreams that are objects in memory: bytes in, bytes out, and time that stands still.

import { SeededRandom } from "../../src/base/random.ts";
import type { ListenerPlan } from "../../src/config/plan/listener.ts";
import { RuntimeValues } from "../../src/config/plan/runtime.ts";
import type { WorkerContext } from "../../src/dataplane/exchange/worker-context.ts";
import type { FilterMaker } from "../../src/dataplane/filters/filter.ts";
import { createListenerService, workerContext } from "../../src/dataplane/listener-service.ts";
import type { ListenerService, WorkerServices } from "../../src/dataplane/worker-services.ts";
import { createAccessLogs } from "../../src/telemetry/access-log.ts";
import { CLUSTER } from "../../src/telemetry/cluster-stats.ts";
import { HTTP1_CODEC, HTTP2_CODEC } from "../../src/telemetry/codec-stats.ts";
import { CORS } from "../../src/telemetry/cors-stats.ts";
import { DROP } from "../../src/telemetry/drop-stats.ts";
import { FAULT } from "../../src/telemetry/fault-stats.ts";
import { HOST } from "../../src/telemetry/host-stats.ts";
import { HTTP } from "../../src/telemetry/http-stats.ts";
import { LISTENER_HTTP } from "../../src/telemetry/listener-http-stats.ts";
import { LISTENER } from "../../src/telemetry/listener-stats.ts";
import type { LogFiles } from "../../src/telemetry/log-files.ts";
import { RATE_LIMIT } from "../../src/telemetry/rate-limit-stats.ts";
import { type SpanBatch, SpanBatches } from "../../src/telemetry/span-batches.ts";
import type { BlockSchema } from "../../src/telemetry/stats-block.ts";
import { type StatsNotice, StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { ClientChannel } from "./client-channel.ts";
import { FakeUpstreams } from "./fake-upstreams.ts";
import { quietServices } from "./quiet-services.ts";
import { VirtualClock } from "./virtual-clock.ts";

const SCHEMAS: readonly BlockSchema[] = [
  HTTP,
  LISTENER,
  LISTENER_HTTP,
  CLUSTER,
  HTTP1_CODEC,
  HTTP2_CODEC,
  HOST,
  DROP,
  CORS,
  RATE_LIMIT,
  FAULT,
];

/** A worker with one listener. */
export class ExchangeWorld {
  readonly clock: VirtualClock = new VirtualClock();
  readonly upstreams: FakeUpstreams;
  readonly service: ListenerService;
  readonly context: WorkerContext;
  readonly services: WorkerServices;
  /** Lines of every access log. */
  logged = "";
  /** Lines that filters wrote for the node's log. */
  readonly lines: string[] = [];
  /** Own mistakes that were reported: always to be empty. */
  readonly bugs: unknown[] = [];
  private readonly plan: ListenerPlan;
  private readonly stats: StatsWriter;
  /** Finished spans as they were handed over. */
  readonly spans: SpanBatch[] = [];
  private readonly notices: StatsNotice[] = [];
  private readonly clients: ClientChannel[] = [];

  /** What the runtime says. */
  readonly runtime: RuntimeValues = new RuntimeValues();

  constructor(
    plan: ListenerPlan,
    more: Partial<Pick<WorkerServices, "memoryBytesMax" | "rateBuckets" | "counts">> & {
      readonly filters?: readonly FilterMaker[];
    } = {},
  ) {
    const { filters: makers, ...services } = more;
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
    this.services = quietServices({
      clock: this.clock,
      wheel: this.clock.wheel,
      random: new SeededRandom(1),
      stats: this.stats,
      upstreams: this.upstreams,
      accessLogs: createAccessLogs(this.clock.wheel, 10_000, files),
      spans: new SpanBatches(this.clock.wheel, this.stats, (batch) => this.spans.push(batch)),
      runtime: this.runtime,
      onBug: (error) => this.bugs.push(error),
      log: (level, text) => this.lines.push(`${level}: ${text}`),
      ...services,
    });
    this.service = createListenerService(this.services, plan, makers);
    this.context = workerContext(this.services);
  }

  /** A client connects. */
  connect(more: Partial<Pick<ClientChannel, "remoteAddress" | "remotePort" | "tls">> = {}): ClientChannel {
    const channel = new ClientChannel();
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
