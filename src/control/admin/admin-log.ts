// The admin server's access log: one line for each request, as Envoy's admin writes it. Made by the node where the file has such logs;
// admin-server.ts shows it each request.
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { isLoopback } from "../../base/ip-address.ts";
import { formatTime, isoTime } from "../../base/iso-time.ts";
import type { HeaderFields } from "../../config/plan/header-test.ts";
import { grpcStatusOfHttp } from "../../protocol/grpc-status.ts";
import { addressOperators, longFlags, milliseconds } from "../../telemetry/access-line.ts";
import type { LoggedSource, LogType } from "../../telemetry/log-filter.ts";
import type { OpenLogs } from "../../telemetry/open-logs.ts";

/** What the log stands on. */
export interface AdminLogParts {
  readonly logs: OpenLogs;
  readonly clock: { nowMs(): number; wallMs(): number };
  /** For `%HOSTNAME%`. */
  readonly hostname: string;
  /** Of this machine: the first that is not on loopback. Stands for clients on loopback in x-forwarded-for, as in Envoy. */
  readonly address: string;
}

/** The open logs of one admin server. */
export class AdminLog {
  private readonly parts: AdminLogParts;
  /** Numbers of connections. */
  private readonly ids = new WeakMap<Socket, number>();
  private connections = 0;

  constructor(parts: AdminLogParts) {
    this.parts = parts;
  }

  /** Writes the request's line when its answer has gone or was cut off. Called before anything is answered. */
  watch(request: IncomingMessage, response: ServerResponse): void {
    const line = new AdminLine(this.parts, request, response, this.idOf(request.socket));
    response.once("close", () => this.parts.logs.write(line, "DownstreamEnd"));
  }

  private idOf(socket: Socket): number {
    const id = this.ids.get(socket) ?? ++this.connections;
    this.ids.set(socket, id);
    return id;
  }
}

class AdminLine implements LoggedSource {
  readonly request: HeaderFields;
  readonly isHealthCheck: boolean = false;
  logType: LogType = "DownstreamEnd";
  readonly startMs: number;
  readonly startWallMs: number;
  readonly parts: AdminLogParts;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly remote: readonly [address: string, port: number];
  readonly local: readonly [address: string, port: number];
  /** Body bytes. */
  received = 0;
  sent = 0;
  answered: HeaderFields = { valueByName: () => undefined };

  readonly connectionId: number;

  constructor(parts: AdminLogParts, incoming: IncomingMessage, response: ServerResponse, connectionId: number) {
    const { socket } = incoming;
    this.parts = parts;
    this.incoming = incoming;
    this.response = response;
    this.startMs = parts.clock.nowMs();
    this.startWallMs = parts.clock.wallMs();
    this.remote = [socket.remoteAddress ?? "", socket.remotePort ?? 0];
    this.local = [socket.localAddress ?? "", socket.localPort ?? 0];
    this.connectionId = connectionId;
    const forwardedFor = isLoopback(this.remote[0]) ? parts.address : this.remote[0];
    this.request = { valueByName: (name) => requestField(incoming, name, forwardedFor) };
    this.count();
  }

  get flags(): string {
    return this.response.writableFinished ? "" : "DC";
  }

  operator(name: string, args: readonly string[]): string | undefined {
    return OPERATORS[name]?.(this, args);
  }

  /** The admin server has no metadata. */
  typed(): undefined {
    return undefined;
  }

  grpcStatus(): number {
    return grpcStatusOfHttp(this.response.statusCode);
  }

  /** Sees the answer on its way: node:http keeps neither the head that was written nor the body's size. */
  private count(): void {
    const { response, incoming } = this;
    const emit = incoming.emit.bind(incoming);
    incoming.emit = (event: string | symbol, ...args: unknown[]) => {
      if (event === "data") this.received += sizeOf(args[0]);
      return emit(event, ...args);
    };
    const { writeHead } = response;
    for (const method of ["write", "end"] as const) {
      const send = response[method] as (...args: unknown[]) => never;
      response[method] = (...args: unknown[]) => {
        this.sent += sizeOf(args[0]);
        return send.apply(response, args);
      };
    }
    response.writeHead = ((...args: Parameters<typeof writeHead>) => {
      this.answered = fieldsOf(args.findLast((one) => typeof one === "object"));
      return writeHead.apply(response, args);
    }) as typeof writeHead;
  }
}

type Operator = (line: AdminLine, args: readonly string[]) => string | undefined;

const OPERATORS: Readonly<Record<string, Operator>> = {
  START_TIME: ({ startWallMs }, [format]) =>
    format === undefined || format === "" ? isoTime(startWallMs) : formatTime(startWallMs, format),
  REQ: ({ request }, names) => firstOf(request, names),
  REQ_WITHOUT_QUERY: ({ request }, names) => firstOf(request, names)?.split("?")[0],
  RESP: ({ answered }, names) => firstOf(answered, names),
  PROTOCOL: ({ incoming }) => `HTTP/${incoming.httpVersion}`,
  RESPONSE_CODE: ({ response }) => (response.headersSent ? String(response.statusCode) : "0"),
  RESPONSE_CODE_DETAILS: ({ response }) => (response.headersSent ? "admin_filter_response" : undefined),
  RESPONSE_FLAGS: ({ flags }) => flags || "-",
  RESPONSE_FLAGS_LONG: ({ flags }) => longFlags(flags),
  BYTES_RECEIVED: ({ received }) => String(received),
  BYTES_SENT: ({ sent }) => String(sent),
  DURATION: ({ parts, startMs }) => milliseconds(parts.clock.nowMs() - startMs),
  ...addressOperators<AdminLine>("REMOTE", ({ remote }) => remote),
  ...addressOperators<AdminLine>("LOCAL", ({ local }) => local),
  CONNECTION_ID: ({ connectionId }) => String(connectionId),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: () => "0",
  ACCESS_LOG_TYPE: ({ logType }) => logType,
  HOSTNAME: ({ parts }) => parts.hostname,
};

function firstOf(fields: HeaderFields, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = fields.valueByName(name);
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

/** Envoy's admin puts the client's address into x-forwarded-for, as an edge does. */
function requestField(incoming: IncomingMessage, name: string, forwardedFor: string): string | undefined {
  switch (name) {
    case ":method":
      return incoming.method;
    case ":path":
      return incoming.url;
    case ":authority":
      return incoming.headers.host;
    case ":scheme":
      return "http";
    case "x-forwarded-proto":
      return "http";
    case "x-forwarded-for": {
      const given = incoming.headersDistinct["x-forwarded-for"] ?? [];
      return [...given, forwardedFor].join(",");
    }
    case "host":
      return undefined;
  }
  return incoming.headersDistinct[name]?.join(",");
}

function fieldsOf(head: unknown): HeaderFields {
  const pairs = Array.isArray(head) ? pairsOf(head) : Object.entries((head ?? {}) as OutgoingHttpHeaders);
  const fields = new Map(pairs.map(([name, value]) => [name.toLowerCase(), String(value)]));
  return { valueByName: (name) => fields.get(name) };
}

/** `[name, value, name, value]` as pairs. */
function pairsOf(flat: readonly OutgoingHttpHeader[]): [string, OutgoingHttpHeader][] {
  const pairs: [string, OutgoingHttpHeader][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) pairs.push([String(flat[i]), flat[i + 1] as OutgoingHttpHeader]);
  return pairs;
}

function sizeOf(chunk: unknown): number {
  if (typeof chunk === "string") return Buffer.byteLength(chunk);
  return chunk instanceof Uint8Array ? chunk.length : 0;
}
