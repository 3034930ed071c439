// Runtime discovery of one layer over gRPC: a stream to the server's cluster, made anew with back-off when it ends. Opened by
// supervisor/runtime/rtds-layer.ts; what is said on it is rtds-session.ts.
import { OneShots } from "../../base/one-shots.ts";
import type { Random } from "../../base/random.ts";
import { addressText } from "../../config/plan/address.ts";
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts } from "../../config/plan/endpoint-set.ts";
import type { RtdsSourcePlan, RuntimeEntries } from "../../config/plan/runtime.ts";
import type { NetContext } from "../../net/net-context.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import { ServerStream } from "../grpc/server-stream.ts";
import { chooseServer } from "../grpc/server-target.ts";
import { StreamAccount } from "../grpc/stream-account.ts";
import { RtdsSession, type RtdsTerms } from "./rtds-session.ts";

/** What a client stands on. */
export interface RtdsClientParts {
  readonly net: NetContext;
  readonly random: Random;
  readonly stats: StatsWriter;
  /** The cluster of this name as the node has it now, with its endpoints. */
  cluster(name: string): { readonly plan: ClusterPlan; readonly endpoints: readonly EndpointFacts[] } | null;
  /** Health flags of an endpoint. */
  flagsOf(slot: number): number;
}

/** Hears of the layer. */
export interface RtdsListener {
  onEntries(entries: RuntimeEntries): void;
  /** A response was not taken: what was holds. */
  onRefused(text: string): void;
  /** The stream ended, or none could be made; it is tried again. */
  onFailed(text: string): void;
}

/** One layer's client. */
export class RtdsClient {
  private readonly parts: RtdsClientParts;
  private readonly source: Extract<RtdsSourcePlan, { kind: "grpc" }>;
  private readonly listener: RtdsListener;
  private readonly session: RtdsSession;
  private readonly timers: OneShots;
  private stream: ServerStream | null = null;
  private streams = 0;
  /** Ends of streams since the last response. */
  private failures = 0;

  constructor(
    parts: RtdsClientParts,
    source: Extract<RtdsSourcePlan, { kind: "grpc" }>,
    subscription: { readonly terms: Omit<RtdsTerms, "dialect">; readonly listener: RtdsListener },
  ) {
    this.parts = parts;
    this.source = source;
    this.listener = subscription.listener;
    this.session = new RtdsSession({ ...subscription.terms, dialect: source.dialect });
    this.timers = new OneShots(parts.net.wheel);
    this.connect();
  }

  /** Ends it; nothing is heard of it any more. */
  close(): void {
    this.timers.stop();
    this.stream?.close();
    this.stream = null;
  }

  private connect(): void {
    const { net, random, stats, cluster, flagsOf } = this.parts;
    const { service, dialect, stream: which } = this.source;
    const server = cluster(service.cluster);
    const endpoint = server === null ? null : chooseServer(server.endpoints, flagsOf, this.streams++);
    if (server === null || endpoint === null) {
      this.failed(`no healthy upstream in cluster ${service.cluster}`);
      return;
    }
    const { plan } = server;
    const names = { cluster: plan.name, statName: plan.statName, endpoint: addressText(endpoint.address) };
    const stream = new ServerStream({
      ...{ net, random, service, endpoint, cluster: plan, method: METHODS[which][dialect] },
      account: new StreamAccount(stats, names),
      owner: {
        onOpen: () => stream.send(this.session.first()),
        onAnswered: () => {},
        onMessage: (bytes) => this.receive(stream, bytes),
        onWritable: () => {},
        onEnd: (status, text) => {
          if (this.stream !== stream) return;
          this.stream = null;
          this.failed(`gRPC status ${status}: ${text}`);
        },
      },
    });
    this.stream = stream;
  }

  private receive(stream: ServerStream, bytes: Uint8Array): void {
    const { entries, refusal, reply } = this.session.receive(bytes);
    this.failures = 0;
    stream.send(reply);
    if (refusal !== "") this.listener.onRefused(refusal);
    else if (entries !== null) this.listener.onEntries(entries);
  }

  /** As Envoy: half a second, doubled up to half a minute, of which a random part is waited. */
  private failed(text: string): void {
    const boundMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** this.failures++);
    this.timers.after(1 + this.parts.random.below(boundMs), () => this.connect());
    this.listener.onFailed(text);
  }
}

const ADS = "/envoy.service.discovery.v3.AggregatedDiscoveryService/";
const RTDS = "/envoy.service.runtime.v3.RuntimeDiscoveryService/";
const METHODS = {
  own: { sotw: `${RTDS}StreamRuntime`, delta: `${RTDS}DeltaRuntime` },
  aggregated: { sotw: `${ADS}StreamAggregatedResources`, delta: `${ADS}DeltaAggregatedResources` },
};
const RETRY_MS = 500;
const RETRY_MS_MAX = 30_000;
