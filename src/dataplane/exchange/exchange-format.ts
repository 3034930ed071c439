// The %OPERATORS% of access logs and added headers, answered from an exchange. Called for configured operators only: texts are made here
// and nowhere else on the path. Unknown operators were refused when the plan was compiled.
import { grpcStatusOfHttp } from "../../protocol/grpc-status.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { longFlags, milliseconds, withPort } from "../../telemetry/access-line.ts";
import { METADATA_OPERATORS, type MetadataValues, metadataText, valueAt } from "../../telemetry/metadata-value.ts";
import { timeText } from "../connection-operators.ts";
import { statusOf } from "../tracing/traced-request.ts";
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

/** Of trailers or head, else what the HTTP status stands for; -1: it is no number. As in Envoy. */
export function exchangeGrpcStatus(exchange: Exchange): number {
  const own = exchange.response.grpcStatus ?? "";
  if (own === "") return grpcStatusOfHttp(statusOf(exchange));
  return /^\+?\d{1,15}$/.test(own) ? Number(own) : -1;
}

/** What a metadata operator stands for: texts, numbers, lists. */
export function exchangeMetadata(exchange: Exchange, name: string, path: readonly string[]): unknown {
  const { metadata, router } = exchange;
  switch (name) {
    case "DYNAMIC_METADATA": {
      const [namespace = "", ...keys] = path;
      const values = metadata?.get(namespace);
      return values === undefined
        ? undefined
        : valueAt({ [namespace]: Object.fromEntries(values) }, [namespace, ...keys]);
    }
    case "CLUSTER_METADATA":
      return valueAt(router.cluster?.plan.metadata, path);
    case "UPSTREAM_METADATA":
      return valueAt(router.call.endpoint?.metadata, path);
    default: {
      const [type = "", ...keys] = path;
      return valueAt(OWNERS[type]?.(exchange), keys);
    }
  }
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  ...MORE_OPERATORS,
  ...Object.fromEntries(
    [...METADATA_OPERATORS].map((name): [string, Operator] => [
      name,
      (exchange, path) => metadataText(exchangeMetadata(exchange, name, path)),
    ]),
  ),
  START_TIME: ({ startWallMs }, [format]) => timeText(startWallMs, format),
  REQ: ({ request }, args) => header(request, args),
  REQUEST_HEADER: ({ request }, args) => header(request, args),
  RESP: ({ response }, args) => header(response.head, args),
  RESPONSE_HEADER: ({ response }, args) => header(response.head, args),
  REQ_WITHOUT_QUERY: ({ request }, args) => header(request, args)?.split("?")[0],
  PROTOCOL: ({ owner }) => (owner?.protocol === "http2" ? "HTTP/2" : "HTTP/1.1"),
  RESPONSE_CODE: (exchange) => String(statusOf(exchange)),
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
  DOWNSTREAM_REMOTE_PORT: ({ owner }) => String(owner?.facts.remotePort ?? 0),
  ROUTE_NAME: ({ router }) => router.route?.plan.name,
  VIRTUAL_CLUSTER_NAME: ({ router }) => router.virtualCluster,
  GRPC_STATUS: (exchange, [form]) => grpcStatus(exchange, form ?? ""),
  GRPC_STATUS_NUMBER: (exchange) => grpcStatus(exchange, "NUMBER"),
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
    const value = name === STATUS ? statusText(head) : head.valueByName(name.toLowerCase());
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

/** The codecs keep a response's status as a number, beside its fields. */
function statusText({ status }: HeaderList): string {
  return status === 0 ? "" : String(status);
}

function grpcStatus(exchange: Exchange, form: string): string | undefined {
  if (!exchange.isGrpc || statusOf(exchange) === 0) return undefined;
  const status = exchangeGrpcStatus(exchange);
  const name = GRPC_NAMES[status];
  if (name === undefined || form === "NUMBER") return String(status);
  return form === "SNAKE_STRING" ? name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase() : name;
}

const STATUS = ":status";

/** Whose metadata METADATA may ask for. */
const OWNERS: Readonly<Record<string, (exchange: Exchange) => MetadataValues | null | undefined>> = {
  ROUTE: ({ router }) => router.route?.plan.metadata,
  VIRTUAL_HOST: ({ manager, request, router }) =>
    (router.route?.vhost ?? manager.routes.host(request?.value(H.PSEUDO_AUTHORITY) ?? ""))?.plan.metadata,
  LISTENER: ({ manager }) => manager.listenerMetadata,
  LISTENER_FILTER_CHAIN: ({ manager }) => manager.chain.metadata,
};

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
