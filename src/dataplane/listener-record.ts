// What a listener's own access log tells of one connection: from its acceptance to its end, also when it was refused before it was served.
// It is the connection's admission, so that its line is written wherever the connection ends. Made by listener-events.ts, only where
// there are such logs.
import type { FilterChainPlan, ListenerPlan } from "../config/plan/listener.ts";
import type { Channel, TlsFacts } from "../net/channel.ts";
import type { AcceptedSocket, Admission, HandshakeFailure } from "../net/listen-events.ts";
import type { LogType } from "../telemetry/log-filter.ts";
import { METADATA_OPERATORS, metadataText, ownersValue } from "../telemetry/metadata-value.ts";
import type { OpenLogs } from "../telemetry/open-logs.ts";
import { RECORD_OPERATORS, type RecordFacts } from "./connection-operators.ts";
import type { ServedConnection } from "./served-connection.ts";
import type { WorkerServices } from "./worker-services.ts";

/** The record of one connection. */
export class ListenerRecord implements Admission, RecordFacts {
  readonly request: null = null;
  readonly isHealthCheck: boolean = false;
  logType: LogType = "NotSet";
  /** 0: nobody served it. */
  id: number = 0;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  tls: TlsFacts | null = null;
  readonly services: WorkerServices;
  readonly startMs: number;
  readonly startWallMs: number;
  details: string = "";
  /** As far as the client said it. */
  serverName: string = "";
  transportText: string = "";
  /** Whoever serves it; null: nobody does. */
  connection: ServedConnection | null = null;
  private chain: FilterChainPlan | null = null;
  /** Why nobody serves it; empty: somebody does, or its handshake failed. */
  private refusal: "" | "NR" | "URX" = "";
  private channel: Channel | null = null;
  private readonly logs: OpenLogs;
  private readonly listener: Pick<ListenerPlan, "metadata">;
  private readonly admission: Admission;

  /** `admission`: the one that this stands for. */
  constructor(
    accepted: AcceptedSocket,
    logs: OpenLogs,
    services: WorkerServices,
    admission: Admission,
    listener: Pick<ListenerPlan, "metadata">,
  ) {
    this.listener = listener;
    this.remoteAddress = accepted.remoteAddress ?? "";
    this.remotePort = accepted.remotePort ?? 0;
    this.localAddress = accepted.localAddress ?? "";
    this.localPort = accepted.localPort ?? 0;
    this.services = services;
    this.startMs = services.clock.nowMs();
    this.startWallMs = services.clock.wallMs();
    this.logs = logs;
    this.admission = admission;
  }

  /** No filter chain matches. */
  onNoChain(serverName: string): void {
    this.details = "filter_chain_not_found";
    this.refusal = "NR";
    this.serverName = serverName;
  }

  /** Its filter chain is chosen. `isAdmitted`: no limit of the chain refuses it. */
  onChain(chain: FilterChainPlan, serverName: string, isAdmitted: boolean): void {
    this.chain = chain;
    this.serverName = serverName;
    if (!isAdmitted) this.refusal = "URX";
  }

  /** Its handshake failed. */
  onHandshakeFailed({ text }: HandshakeFailure): void {
    this.transportText = text.replaceAll(" ", "_");
  }

  /** Somebody serves it from now on. */
  onServed(channel: Channel, connection: ServedConnection): void {
    this.channel = channel;
    this.tls = channel.tls;
    this.serverName = channel.serverName;
    this.id = connection.record.id;
    this.connection = connection;
  }

  end(): void {
    this.logs.write(this, "NotSet");
    this.admission.end();
  }

  /** Bytes from the client and to it. */
  get received(): number {
    return this.channel?.bytesRead ?? 0;
  }

  get sent(): number {
    return this.channel?.bytesWritten ?? 0;
  }

  get flags(): string {
    return this.connection === null ? this.refusal : this.connection.record.flags;
  }

  get chainName(): string {
    return this.chain?.name ?? "";
  }

  typed(name: string, args: readonly string[]): unknown {
    if (name !== "METADATA") return this.connection?.record.typed(name, args);
    return ownersValue(this.listener.metadata, this.chain?.metadata ?? null, args);
  }

  operator(name: string, args: readonly string[]): string | undefined {
    if (METADATA_OPERATORS.has(name)) return metadataText(this.typed(name, args));
    const own = OPERATORS[name] ?? RECORD_OPERATORS[name];
    return own === undefined ? this.connection?.record.operator(name, args) : own(this, args);
  }

  /** Unknown, as nobody answered. */
  grpcStatus(): number {
    return 2;
  }
}

type Operator = (record: ListenerRecord, args: readonly string[]) => string | undefined;

const OPERATORS: Readonly<Record<string, Operator>> = {
  RESPONSE_CODE_DETAILS: ({ details }) => details,
  DOWNSTREAM_TRANSPORT_FAILURE_REASON: ({ transportText }) => transportText,
  // As in Envoy, where what could not be read is of no protocol.
  PROTOCOL: ({ connection }) =>
    connection === null || connection.record.flags === "DPE" ? undefined : PROTOCOLS[connection.protocol],
  UPSTREAM_REQUEST_ATTEMPT_COUNT: ({ connection }) =>
    connection?.record.operator("UPSTREAM_REQUEST_ATTEMPT_COUNT", []) ?? "0",
};

const PROTOCOLS: Readonly<Record<ServedConnection["protocol"], string | undefined>> = {
  http1: "HTTP/1.1",
  http2: "HTTP/2",
  tcp: undefined,
};
