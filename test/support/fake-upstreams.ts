// Clusters whose streams are objects in memory: a test sees what was sent and says what comes back.
import type { ClusterPlan } from "../../src/config/plan/cluster.ts";
import { DropCounts } from "../../src/dataplane/upstream/drop-counts.ts";
import type { OutlierMonitor } from "../../src/dataplane/upstream/outlier-monitor.ts";
import type {
  Cluster,
  Endpoint,
  OpenFailure,
  UpstreamRequest,
  Upstreams,
} from "../../src/dataplane/upstream/upstream.ts";
import { ErrorCode, fault, type ProtocolFault } from "../../src/protocol/fault.ts";
import { acquireHeaderList, type HeaderList } from "../../src/protocol/header-list.ts";
import type { MessageWriter } from "../../src/protocol/message.ts";
import { CLUSTER } from "../../src/telemetry/cluster-stats.ts";
import { HOST } from "../../src/telemetry/host-stats.ts";
import type { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { ClientChannel } from "./client-channel.ts";

/** Fields of a head: a value that is an array becomes several fields. */
export type Fields = Readonly<Record<string, string | readonly string[]>>;

/** All clusters of a test. */
export class FakeUpstreams implements Upstreams {
  private readonly stats: StatsWriter;
  private readonly clusters = new Map<string, FakeCluster>();

  constructor(stats: StatsWriter) {
    this.stats = stats;
  }

  /** Adds a cluster; its streams open at once unless told otherwise. */
  add(name: string): FakeCluster {
    const cluster = new FakeCluster(name, this.stats);
    this.clusters.set(name, cluster);
    return cluster;
  }

  cluster(name: string): Cluster | null {
    return this.clusters.get(name) ?? null;
  }

  /** Streams that nobody ended, and wishes that nobody took back. */
  unfinished(): string[] {
    return [...this.clusters.values()].flatMap((cluster) => cluster.unfinished());
  }
}

/** One cluster with one endpoint. */
export class FakeCluster implements Cluster {
  readonly plan: ClusterPlan;
  readonly hashing = null;
  readonly stats: Float64Array;
  readonly endpoint: Endpoint;
  readonly drops: DropCounts;
  outlier: OutlierMonitor | null = null;
  /** What happens to a wish: a stream at once, nothing until `openWaiting`, or a failure. */
  mode: "open" | "wait" | OpenFailure["kind"] = "open";
  transportText: string = "";
  protocol: "http1" | "http2" = "http1";
  /** Whether the next streams are on connections that had answered before. */
  reused: boolean = false;
  readonly streams: FakeStream[] = [];
  readonly waiting: UpstreamRequest[] = [];
  cancelled: number = 0;
  /** Told of each head that is written, and whether it ends the request. */
  onHead: (end: boolean) => void = () => {};
  /** Retries that may run at once. */
  retriesFree: number = 3;

  constructor(name: string, stats: StatsWriter) {
    const plan = {
      name,
      statName: name,
      healthChecks: [] as readonly unknown[],
      streamDurationMaxMs: Number.POSITIVE_INFINITY,
      retry: null,
      dropOverload: null,
    };
    this.plan = plan as ClusterPlan;
    this.drops = new DropCounts(stats, name);
    this.stats = stats.block(CLUSTER, `cluster.${name}.`);
    this.endpoint = {
      address: { kind: "socket", host: "127.0.0.1", port: 80, ipv4Compat: false },
      text: "127.0.0.1:80",
      hostname: "",
      isCanary: false,
      metadata: {},
      stats: stats.block(HOST, `host.${name}.127.0.0.1:80.`),
      slot: 0,
      isRetired: false,
      failAtOnce() {},
    };
  }

  /** What `membership` answers. */
  members: { total: number; available: number } = { total: 1, available: 1 };

  membership(): { readonly total: number; readonly available: number } {
    return this.members;
  }

  open(request: UpstreamRequest): void {
    if (this.mode === "wait") this.waiting.push(request);
    else if (this.mode === "open") this.openNow(request);
    else {
      const { mode: kind, transportText } = this;
      const picked = kind !== "no_healthy_upstream" && kind !== "overflow";
      request.onOpenFailed({ kind, transportText, endpoint: picked ? this.endpoint : null });
    }
  }

  cancel(request: UpstreamRequest): void {
    this.waiting.splice(this.waiting.indexOf(request), 1);
    this.cancelled++;
  }

  openRaw(request: UpstreamRequest): void {
    this.open(request);
  }

  /** Tunnels are not its business. */
  connect(): OpenFailure {
    return { kind: "no_healthy_upstream", transportText: "", endpoint: null };
  }

  beginRetry(): boolean {
    if (this.retriesFree === 0) return false;
    this.retriesFree--;
    return true;
  }

  endRetry(): void {
    this.retriesFree++;
  }

  /** Opens what waits. */
  openWaiting(): void {
    for (const request of this.waiting.splice(0)) this.openNow(request);
  }

  /** The newest stream. */
  stream(): FakeStream {
    const stream = this.streams.at(-1);
    if (stream === undefined) throw new Error(`no stream to ${this.plan.name}`);
    return stream;
  }

  unfinished(): string[] {
    const open = this.streams.filter((stream) => !stream.isOver).map(() => `a stream to ${this.plan.name}`);
    return [...open, ...this.waiting.map(() => `a wish for ${this.plan.name}`)];
  }

  private openNow(request: UpstreamRequest): void {
    const stream = new FakeStream(request, this);
    this.streams.push(stream);
    const { endpoint, protocol, reused } = this;
    request.onOpen({ writer: stream, endpoint, protocol, reused, unanswered: true, channel: new ClientChannel() });
  }
}

/** One stream: what the proxy wrote, and the upstream's mouth. */
export class FakeStream implements MessageWriter {
  readonly streamId: number = 1;
  /** `name: value` of each field, pseudo-headers included. */
  head: string[] = [];
  body: string = "";
  requestEnded: boolean = false;
  trailers: string[] = [];
  /** Code of the reset, -1: none. */
  resetCode: number = -1;
  /** What `isBackedUp` answers. */
  backedUp: boolean = false;
  isPaused: boolean = false;
  /** Whether the head of an answer was given. */
  headGiven: boolean = false;
  private answered = false;
  private readonly request: UpstreamRequest;
  private readonly cluster: FakeCluster;

  constructor(request: UpstreamRequest, cluster: FakeCluster) {
    this.request = request;
    this.cluster = cluster;
  }

  get isOver(): boolean {
    return this.resetCode >= 0 || this.answered;
  }

  /** Answers; without a body the head ends the answer, with `null` the body is still to come. */
  respond(status: number, fields: Fields = {}, body: string | null = ""): void {
    const list = fieldList(fields);
    list.status = status;
    this.headGiven = true;
    if (body === "") this.answered = true;
    this.request.sink.onHead(list, body === "");
    if (body !== null && body !== "") this.data(body, true);
  }

  interim(status: number, fields: Fields = {}): void {
    const list = fieldList(fields);
    list.status = status;
    this.request.sink.onInterim(list);
  }

  data(text: string, last: boolean): void {
    const bytes = Buffer.from(text, "latin1");
    if (last) this.answered = true;
    this.request.sink.onData(bytes, 0, bytes.length, last);
  }

  endWithTrailers(fields: Fields): void {
    this.answered = true;
    this.request.sink.onTrailers(fieldList(fields));
  }

  /** The stream breaks; by default because the connection was closed. */
  fail(kind: ProtocolFault["kind"] = "connection_closed", more: Partial<ProtocolFault> = {}): void {
    this.answered = true;
    this.request.sink.onFault(fault(kind, "test", { code: ErrorCode.NoError, ...more }));
  }

  /** The upstream takes bytes again. */
  writable(): void {
    this.backedUp = false;
    this.request.sink.onWritable();
  }

  /** Value of a field of the request. */
  header(name: string): string | undefined {
    return this.head.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  }

  writeHead(head: HeaderList, end: boolean): void {
    this.head = head.entries().map(([name, value]) => `${name}: ${value}`);
    this.requestEnded = end;
    this.cluster.onHead(end);
  }

  writeInterim(): void {
    throw new Error("a client writes no interim response");
  }

  writeData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    this.body += Buffer.from(bytes.subarray(start, end)).toString("latin1");
    this.requestEnded = last;
  }

  writeTrailers(trailers: HeaderList): void {
    this.trailers = trailers.entries().map(([name, value]) => `${name}: ${value}`);
    this.requestEnded = true;
  }

  reset(code: number): void {
    this.resetCode = code;
  }

  isBackedUp(): boolean {
    return this.backedUp;
  }

  pauseSource(): void {
    this.isPaused = true;
  }

  resumeSource(): void {
    this.isPaused = false;
  }
}

function fieldList(fields: Fields): HeaderList {
  const list = acquireHeaderList();
  for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) list.add(name, one);
  return list;
}
