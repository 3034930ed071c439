// The %OPERATORS% of access logs and added headers, answered from an exchange. Called for configured operators only: texts are made here
// and nowhere else on the path. Unknown operators were refused when the plan was compiled.
import { formatTime, isoTime } from "../../base/iso-time.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { longFlags, milliseconds, withPort } from "../routing/access-line.ts";
import type { Exchange } from "./exchange.ts";
import { MORE_OPERATORS, type Operator } from "./more-operators.ts";

/** The value of one operator, undefined when it has none. */
export function exchangeOperator(exchange: Exchange, name: string, args: readonly string[]): string | undefined {
  const operator = OPERATORS[name];
  return operator === undefined ? undefined : operator(exchange, args);
}

/** Response flags with one more, each in the order in which it came up and once. */
export function withFlag(flags: string, flag: string): string {
  if (flag === "" || flags === "") return flags + flag;
  return flags.split(",").includes(flag) ? flags : `${flags},${flag}`;
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  ...MORE_OPERATORS,
  START_TIME: ({ startWallMs }, [format]) =>
    format === undefined || format === "" ? isoTime(startWallMs) : formatTime(startWallMs, format),
  REQ: ({ request }, args) => header(request, args),
  REQUEST_HEADER: ({ request }, args) => header(request, args),
  RESP: ({ response }, args) => header(response.head, args),
  RESPONSE_HEADER: ({ response }, args) => header(response.head, args),
  REQ_WITHOUT_QUERY: ({ request }, args) => header(request, args)?.split("?")[0],
  PROTOCOL: ({ owner }) => (owner?.protocol === "http2" ? "HTTP/2" : "HTTP/1.1"),
  RESPONSE_CODE: ({ response }) => String(response.status || (response.head?.status ?? 0)),
  RESPONSE_FLAGS: ({ flags }) => flags || "-",
  RESPONSE_FLAGS_LONG: ({ flags }) => longFlags(flags),
  RESPONSE_CODE_DETAILS: ({ details, response }) =>
    details !== "" ? details : response.headSent ? "via_upstream" : undefined,
  BYTES_RECEIVED: ({ bytesReceived }) => String(bytesReceived),
  BYTES_SENT: ({ response }) => String(response.bytesSent),
  DURATION: (exchange) => milliseconds(exchange.nowMs() - exchange.startMs),
  REQUEST_DURATION: ({ requestEndMs, startMs }) =>
    requestEndMs < 0 ? undefined : milliseconds(requestEndMs - startMs),
  RESPONSE_DURATION: ({ router, requestEndMs, startMs }) =>
    router.upstreamServiceMs < 0 ? undefined : milliseconds(requestEndMs + router.upstreamServiceMs - startMs),
  UPSTREAM_HOST: ({ router }) => router.call.endpoint?.text,
  UPSTREAM_HOST_NAME: ({ router }) => router.call.endpoint?.hostname || router.call.endpoint?.text,
  UPSTREAM_CLUSTER: ({ router }) => router.cluster?.plan.statName,
  UPSTREAM_CLUSTER_RAW: ({ router }) => router.cluster?.plan.name,
  UPSTREAM_LOCAL_ADDRESS: ({ router }) => {
    const channel = router.call.stream?.channel;
    return channel === undefined ? undefined : withPort(channel.localAddress, channel.localPort);
  },
  UPSTREAM_PROTOCOL: ({ router }) => {
    const protocol = router.call.stream?.protocol;
    if (protocol === undefined || protocol === "raw") return undefined;
    return protocol === "http2" ? "HTTP/2" : "HTTP/1.1";
  },
  UPSTREAM_REQUEST_ATTEMPT_COUNT: ({ router }) => String(router.attempts),
  UPSTREAM_TRANSPORT_FAILURE_REASON: ({ router }) => router.transportText,
  DOWNSTREAM_REMOTE_ADDRESS: ({ clientAddress, owner }) =>
    withPort(clientAddress, clientAddress === owner?.facts.remoteAddress ? owner.facts.remotePort : 0),
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: ({ clientAddress }) => clientAddress,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: ({ owner }) =>
    withPort(owner?.facts.remoteAddress ?? "", owner?.facts.remotePort ?? 0),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: ({ owner }) => owner?.facts.remoteAddress,
  DOWNSTREAM_REMOTE_PORT: ({ owner }) => String(owner?.facts.remotePort ?? 0),
  DOWNSTREAM_LOCAL_ADDRESS: ({ owner }) => withPort(owner?.facts.localAddress ?? "", owner?.facts.localPort ?? 0),
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: ({ owner }) => owner?.facts.localAddress,
  DOWNSTREAM_LOCAL_PORT: ({ owner }) => String(owner?.facts.localPort ?? 0),
  DOWNSTREAM_TLS_VERSION: ({ owner }) => owner?.facts.tls?.version,
  DOWNSTREAM_TLS_CIPHER: ({ owner }) => owner?.facts.tls?.cipher,
  REQUESTED_SERVER_NAME: ({ owner }) => owner?.facts.tls?.serverName,
  CONNECTION_ID: ({ owner }) => (owner === null ? undefined : String(owner.facts.id)),
  ROUTE_NAME: ({ router }) => router.route?.plan.name,
  VIRTUAL_CLUSTER_NAME: ({ router }) => router.virtualCluster,
  GRPC_STATUS: (exchange, [form]) => grpcStatus(exchange, form ?? ""),
  GRPC_STATUS_NUMBER: ({ response }) => response.grpcStatus,
  DYNAMIC_METADATA: ({ metadata }, [namespace = "", ...keys]) => metadataText(metadata?.get(namespace), keys),
  ACCESS_LOG_TYPE: ({ logType }) => logType,
  TRACE_ID: ({ span }) => span?.traceId,
  SPAN_ID: ({ span }) => span?.spanId,
  HOSTNAME: ({ manager }) => manager.worker.services.hostname,
};

/** Operators that this file answers: the compiler of plans refuses others by name. */
export const OPERATOR_NAMES: ReadonlySet<string> = new Set(Object.keys(OPERATORS));

/** `NAME` or `NAME?OTHER` in any case of letters; the second is used when the first is missing. */
function header(head: HeaderList | null, args: readonly string[]): string | undefined {
  if (head === null) return undefined;
  for (const name of args.length === 1 ? (args[0] as string).split("?") : args) {
    const value = head.valueByName(name.toLowerCase());
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

/** Texts as they are, anything else as JSON. */
function metadataText(values: ReadonlyMap<string, unknown> | undefined, keys: readonly string[]): string | undefined {
  let value: unknown = values === undefined ? undefined : Object.fromEntries(values);
  for (const key of keys) value = (value as Record<string, unknown> | null | undefined)?.[key];
  return typeof value === "string" ? value : JSON.stringify(value);
}

function grpcStatus(exchange: Exchange, form: string): string | undefined {
  const status = exchange.response.grpcStatus;
  if (status === undefined) return undefined;
  const name = GRPC_NAMES[Number(status)];
  if (name === undefined || form === "NUMBER") return status;
  return form === "SNAKE_STRING" ? name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase() : name;
}

const GRPC_NAMES: readonly string[] = [
  "OK",
  "Canceled",
  "Unknown",
  "InvalidArgument",
  "DeadlineExceeded",
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "ResourceExhausted",
  "FailedPrecondition",
  "Aborted",
  "OutOfRange",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
  "Unauthenticated",
];
