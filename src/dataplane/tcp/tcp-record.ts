// What is known of one raw connection, as its access log tells it: also after its end, when the sockets are gone. Kept by
// tcp-connection.ts. What only requests have has no value here, as in Envoy.
import type { Channel, TlsFacts } from "../../net/channel.ts";
import { withPort } from "../../telemetry/access-line.ts";
import type { LogType } from "../../telemetry/log-filter.ts";
import { METADATA_OPERATORS, metadataText, ownersValue, valueAt } from "../../telemetry/metadata-value.ts";
import { RECORD_OPERATORS, type RecordFacts } from "../connection-operators.ts";
import { uniqueId } from "../exchange/request-id.ts";
import type { Cluster, Endpoint } from "../upstream/upstream.ts";
import type { WorkerServices } from "../worker-services.ts";
import type { TcpProxy } from "./tcp-proxy.ts";

/** The record of one connection. */
export class TcpRecord implements RecordFacts {
  /** A connection has no request, and is nobody's health check. */
  readonly request: null = null;
  readonly isHealthCheck: boolean = false;
  logType: LogType = "TcpConnectionEnd";
  readonly id: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly tls: TlsFacts | null;
  readonly serverName: string;
  readonly startMs: number;
  readonly startWallMs: number;
  readonly services: WorkerServices;
  readonly cluster: Cluster | null;
  readonly proxy: TcpProxy;
  private ownStreamId = "";
  /** The endpoint of the newest attempt that came to be one. */
  endpoint: Endpoint | null = null;
  /** Attempts that were begun. */
  attempts: number = 0;
  /** Bytes from the client, and to it. */
  received: number = 0;
  sent: number = 0;
  /** Response flags with commas between; empty: none. */
  flags: string = "";
  transportText: string = "";
  /** Our end of the connection to the endpoint; null: there was none. */
  upstreamLocal: { readonly address: string; readonly port: number } | null = null;

  constructor(channel: Channel, id: number, cluster: Cluster | null, proxy: TcpProxy) {
    const { services } = proxy;
    this.proxy = proxy;
    this.id = id;
    this.remoteAddress = channel.remoteAddress;
    this.remotePort = channel.remotePort;
    this.localAddress = channel.localAddress;
    this.localPort = channel.localPort;
    this.tls = channel.tls;
    this.serverName = channel.serverName;
    this.startMs = services.clock.nowMs();
    this.startWallMs = services.clock.wallMs();
    this.services = services;
    this.cluster = cluster;
  }

  /** Notes a flag, once. */
  addFlag(flag: string): void {
    if (!this.flags.split(",").includes(flag)) this.flags = this.flags === "" ? flag : `${this.flags},${flag}`;
  }

  /** Made for a log that asks for it, the same in each of its lines. */
  streamId(): string {
    this.ownStreamId ||= uniqueId(this.services.random);
    return this.ownStreamId;
  }

  get chainName(): string {
    return this.proxy.chain.name;
  }

  typed(name: string, args: readonly string[]): unknown {
    const { cluster, endpoint, proxy } = this;
    if (name === "CLUSTER_METADATA") return valueAt(cluster?.plan.metadata, args);
    if (name === "UPSTREAM_METADATA") return valueAt(endpoint?.metadata, args);
    if (name === "DYNAMIC_METADATA") return undefined;
    return ownersValue(proxy.listenerMetadata, proxy.chain.metadata, args);
  }

  operator(name: string, args: readonly string[]): string | undefined {
    if (METADATA_OPERATORS.has(name)) return metadataText(this.typed(name, args));
    return (OPERATORS[name] ?? RECORD_OPERATORS[name])?.(this, args);
  }

  /** Unknown, as nobody answered. */
  grpcStatus(): number {
    return 2;
  }
}

function reached({ endpoint, upstreamLocal }: TcpRecord): { readonly host: string; readonly port: number } | undefined {
  const address = upstreamLocal === null ? undefined : endpoint?.address;
  return address?.kind === "socket" ? address : undefined;
}

type Operator = (record: TcpRecord, args: readonly string[]) => string | undefined;

const OPERATORS: Readonly<Record<string, Operator>> = {
  UPSTREAM_HOST: ({ endpoint }) => endpoint?.text,
  UPSTREAM_HOST_NAME: ({ endpoint }) => endpoint?.hostname || endpoint?.text,
  UPSTREAM_CLUSTER: ({ cluster }) => cluster?.plan.statName,
  UPSTREAM_CLUSTER_RAW: ({ cluster }) => cluster?.plan.name,
  UPSTREAM_LOCAL_ADDRESS: ({ upstreamLocal }) =>
    upstreamLocal === null ? undefined : withPort(upstreamLocal.address, upstreamLocal.port),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: ({ attempts }) => String(attempts),
  UPSTREAM_TRANSPORT_FAILURE_REASON: ({ transportText }) => transportText,
  UPSTREAM_HOST_NAME_WITHOUT_PORT: ({ endpoint }) => (endpoint?.hostname || endpoint?.text)?.replace(/:\d+$/, ""),
  // Of the connection: an endpoint that could not be reached has none.
  UPSTREAM_REMOTE_ADDRESS: ({ endpoint, upstreamLocal }) => (upstreamLocal === null ? undefined : endpoint?.text),
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (record) => reached(record)?.host,
  UPSTREAM_REMOTE_PORT: (record) => reached(record)?.port.toString(),
  UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: ({ upstreamLocal }) => upstreamLocal?.address,
  UPSTREAM_LOCAL_PORT: ({ upstreamLocal }) => upstreamLocal?.port.toString(),
  STREAM_ID: (record) => record.streamId(),
};
