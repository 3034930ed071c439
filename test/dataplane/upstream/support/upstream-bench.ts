// A cluster manager on fake sockets and codecs under a virtual clock, and requests that remember what happened to them.
import assert from "node:assert/strict";
import { SeededRandom } from "../../../../src/base/random.ts";
import type { ClusterPlan } from "../../../../src/config/plan/cluster.ts";
import type { MetadataMatchPlan } from "../../../../src/config/plan/subset.ts";
import { ClusterManager } from "../../../../src/dataplane/upstream/cluster-manager.ts";
import type {
  Cluster,
  Endpoint,
  OpenFailure,
  UpstreamRequest,
  UpstreamStream,
} from "../../../../src/dataplane/upstream/upstream.ts";
import { createNetContext } from "../../../../src/net/net-context.ts";
import type { ProtocolFault } from "../../../../src/protocol/fault.ts";
import type { HeaderList } from "../../../../src/protocol/header-list.ts";
import type { MessageSink } from "../../../../src/protocol/message.ts";
import { CLUSTER } from "../../../../src/telemetry/cluster-stats.ts";
import { bucketLow } from "../../../../src/telemetry/histogram.ts";
import { HOST } from "../../../../src/telemetry/host-stats.ts";
import {
  createNodeMemory,
  type NodeMemory,
  type NodeTables,
  nodeTables,
} from "../../../../src/telemetry/node-memory.ts";
import { type StatsNotice, StatsWriter } from "../../../../src/telemetry/stats-memory.ts";
import { FakeDialer } from "../../../support/fake-channel.ts";
import { FakeCodecs } from "../../../support/fake-codec.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

/** One worker. */
export class UpstreamBench {
  readonly clock: VirtualClock = new VirtualClock();
  readonly dialer: FakeDialer = new FakeDialer();
  readonly codecs: FakeCodecs = new FakeCodecs();
  readonly notices: StatsNotice[] = [];
  /** What the runtime says. */
  readonly runtime: Map<string, string> = new Map();
  readonly stats: StatsWriter = new StatsWriter((notice) => this.notices.push(notice));
  /** Views of the shared memory; a worker that is alone does not use them. */
  readonly tables: NodeTables;
  readonly manager: ClusterManager;

  /** `memory`: shared with other workers of the test; this one is worker so many. Without it the worker is alone. */
  constructor(plans: readonly ClusterPlan[], memory: NodeMemory | null = null, worker: number = 0) {
    this.tables = nodeTables(memory ?? createNodeMemory(1, 4096, 64), worker);
    const net = createNetContext({
      clock: this.clock,
      wheel: this.clock.wheel,
      onBug: (error) => {
        throw error;
      },
    });
    this.manager = new ClusterManager({
      net,
      stats: this.stats,
      random: new SeededRandom(7),
      runtime: this.runtime,
      dial: this.dialer.dial,
      codecs: this.codecs,
      ...(memory === null ? {} : { tables: this.tables }),
    });
    this.manager.applyPlan(plans);
  }

  cluster(name: string = "c"): Cluster {
    const cluster = this.manager.cluster(name);
    assert.ok(cluster !== null, `cluster ${name} exists`);
    return cluster;
  }

  /** Asks for a stream. */
  open(more: Partial<UpstreamRequest> = {}, name: string = "c"): TestRequest {
    const request = new TestRequest(more);
    request.cluster = this.cluster(name);
    request.cluster.open(request);
    return request;
  }

  /** A request on a connection that stands now. */
  openNow(name: string = "c"): TestRequest {
    const request = this.open({}, name);
    if (request.outcome === "waiting") this.dialer.last().connect();
    assert.equal(request.outcome, "open");
    return request;
  }

  stat(stat: keyof typeof CLUSTER.at, name: string = "c"): number {
    return this.cluster(name).stats[CLUSTER.at[stat]] as number;
  }

  /** Counters and gauges of the cluster that are not 0, but for bytes. */
  used(name: string = "c"): Record<string, number> {
    const { stats } = this.cluster(name);
    const shown = CLUSTER.names.map((stat, at) => [stat, stats[at] as number] as const);
    return Object.fromEntries(shown.filter(([stat, value]) => value !== 0 && !stat.includes("_bytes_")));
  }

  /** Lower bounds of the buckets that a histogram counted into. */
  recorded(histogram: string, name: string = "c"): number[] {
    const buckets = this.stats.histogram(`cluster.${name}.${histogram}`);
    return [...buckets.entries()].flatMap(([at, count]) => new Array<number>(count).fill(Math.round(bucketLow(at))));
  }

  hostStats(port: number, name: string = "c"): Record<string, number> {
    const block = this.stats.block(HOST, `host.${name}.127.0.0.1:${port}.`);
    return Object.fromEntries(HOST.names.map((stat, at) => [stat, block[at] as number]));
  }

  /** Nothing is left over: gauges are 0, no socket is open, no timer is armed. */
  assertClean(name: string = "c"): void {
    const { stats } = this.cluster(name);
    const gauges = CLUSTER.names.map((stat, at) => [stat, stats[at] as number] as const).slice(CLUSTER.gaugesFrom);
    assert.deepEqual(
      gauges.filter(([, value]) => value !== 0),
      [],
    );
    assert.equal(this.dialer.open(), 0, "open sockets");
    assert.equal(this.clock.wheel.size, 0, "timers in the wheel");
  }
}

/** A request with its outcome. */
export class TestRequest implements UpstreamRequest, MessageSink {
  readonly priority: "default" | "high";
  readonly downstreamProtocol: "http1" | "http2";
  readonly repicksMax: number;
  readonly metadataMatch: MetadataMatchPlan | null;
  readonly sink: MessageSink;
  outcome: "waiting" | "open" | "failed" | "fault" = "waiting";
  /** Where `UpstreamBench.open` sent it. */
  cluster: Cluster | null = null;
  stream: UpstreamStream | null = null;
  failure: OpenFailure | null = null;
  fault: ProtocolFault | null = null;
  /** Called when the request fails, in the middle of whatever failed it. */
  onFailure: () => void = () => {};
  readonly avoids: (endpoint: Endpoint) => boolean;
  private readonly host: string;

  constructor(more: Partial<UpstreamRequest> = {}) {
    this.priority = more.priority ?? "default";
    this.downstreamProtocol = more.downstreamProtocol ?? "http1";
    this.repicksMax = more.repicksMax ?? 0;
    this.metadataMatch = more.metadataMatch ?? null;
    this.avoids = more.avoids ?? (() => false);
    this.sink = this;
    this.host = more.authority?.() ?? "";
  }

  /** Port of the endpoint that answers, 0 when there is none. */
  get port(): number {
    return this.stream?.channel.remotePort ?? 0;
  }

  authority(): string {
    return this.host;
  }

  onOpen(stream: UpstreamStream): void {
    this.outcome = "open";
    this.stream = stream;
  }

  onOpenFailed(failure: OpenFailure): void {
    this.outcome = "failed";
    this.failure = failure;
    this.onFailure();
  }

  onFault(fault: ProtocolFault): void {
    this.outcome = "fault";
    this.fault = fault;
    this.onFailure();
  }

  onHead(_head: HeaderList, _end: boolean): void {}
  onInterim(_head: HeaderList): void {}
  onData(_bytes: Uint8Array, _start: number, _end: number, _last: boolean): void {}
  onTrailers(_trailers: HeaderList): void {}
  onWritable(): void {}
}
