// What is known of one raw connection, as its access log tells it: also after its end, when the sockets are gone. Kept by
// tcp-connection.ts. What only requests have has no value here, as in Envoy.
import { formatTime, isoTime } from "../../base/iso-time.ts";
import type { Channel, TlsFacts } from "../../net/channel.ts";
import { longFlags, milliseconds, withPort } from "../routing/access-line.ts";
import type { LoggedSource, LogType } from "../routing/log-filter.ts";
import type { Cluster, Endpoint } from "../upstream/upstream.ts";
import type { WorkerServices } from "../worker-services.ts";

/** The record of one connection. */
export class TcpRecord implements LoggedSource {
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
  readonly startMs: number;
  readonly startWallMs: number;
  readonly services: WorkerServices;
  readonly cluster: Cluster | null;
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
  /** Our address towards the endpoint. */
  upstreamLocal: string | undefined;

  constructor(channel: Channel, id: number, cluster: Cluster | null, services: WorkerServices) {
    this.id = id;
    this.remoteAddress = channel.remoteAddress;
    this.remotePort = channel.remotePort;
    this.localAddress = channel.localAddress;
    this.localPort = channel.localPort;
    this.tls = channel.tls;
    this.startMs = services.clock.nowMs();
    this.startWallMs = services.clock.wallMs();
    this.services = services;
    this.cluster = cluster;
  }

  /** Notes a flag, once. */
  addFlag(flag: string): void {
    if (!this.flags.split(",").includes(flag)) this.flags = this.flags === "" ? flag : `${this.flags},${flag}`;
  }

  operator(name: string, args: readonly string[]): string | undefined {
    return OPERATORS[name]?.(this, args);
  }
}

type Operator = (record: TcpRecord, args: readonly string[]) => string | undefined;

const OPERATORS: Readonly<Record<string, Operator>> = {
  START_TIME: ({ startWallMs }, [format]) =>
    format === undefined || format === "" ? isoTime(startWallMs) : formatTime(startWallMs, format),
  RESPONSE_CODE: () => "0",
  RESPONSE_FLAGS: ({ flags }) => flags,
  RESPONSE_FLAGS_LONG: ({ flags }) => longFlags(flags),
  BYTES_RECEIVED: ({ received }) => String(received),
  BYTES_SENT: ({ sent }) => String(sent),
  DURATION: ({ services, startMs }) => milliseconds(services.clock.nowMs() - startMs),
  UPSTREAM_HOST: ({ endpoint }) => endpoint?.text,
  UPSTREAM_HOST_NAME: ({ endpoint }) => endpoint?.hostname || endpoint?.text,
  UPSTREAM_CLUSTER: ({ cluster }) => cluster?.plan.statName,
  UPSTREAM_CLUSTER_RAW: ({ cluster }) => cluster?.plan.name,
  UPSTREAM_LOCAL_ADDRESS: ({ upstreamLocal }) => upstreamLocal,
  UPSTREAM_REQUEST_ATTEMPT_COUNT: ({ attempts }) => String(attempts),
  UPSTREAM_TRANSPORT_FAILURE_REASON: ({ transportText }) => transportText,
  DOWNSTREAM_REMOTE_ADDRESS: ({ remoteAddress, remotePort }) => withPort(remoteAddress, remotePort),
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: ({ remoteAddress }) => remoteAddress,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: ({ remoteAddress, remotePort }) => withPort(remoteAddress, remotePort),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: ({ remoteAddress }) => remoteAddress,
  DOWNSTREAM_REMOTE_PORT: ({ remotePort }) => String(remotePort),
  DOWNSTREAM_LOCAL_ADDRESS: ({ localAddress, localPort }) => withPort(localAddress, localPort),
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: ({ localAddress }) => localAddress,
  DOWNSTREAM_LOCAL_PORT: ({ localPort }) => String(localPort),
  DOWNSTREAM_TLS_VERSION: ({ tls }) => tls?.version,
  DOWNSTREAM_TLS_CIPHER: ({ tls }) => tls?.cipher,
  REQUESTED_SERVER_NAME: ({ tls }) => tls?.serverName,
  CONNECTION_ID: ({ id }) => String(id),
  ACCESS_LOG_TYPE: ({ logType }) => logType,
  HOSTNAME: ({ services }) => services.hostname,
};
