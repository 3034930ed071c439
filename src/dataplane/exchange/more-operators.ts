// Further %OPERATORS% of access logs: of trailers and queries, and of addresses and times that few formats ask for. Part of
// exchange-format.ts's table; answered only where a format has them.
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { milliseconds } from "../../telemetry/access-line.ts";
import { CONNECTION_OPERATORS, timeText } from "../connection-operators.ts";
import type { Exchange } from "./exchange.ts";
import { uniqueId } from "./request-id.ts";

/** Answers one operator of an exchange. */
export type Operator = (exchange: Exchange, args: readonly string[]) => string | undefined;

/** By name. */
export const MORE_OPERATORS: Readonly<Record<string, Operator>> = {
  ...Object.fromEntries(
    Object.entries(CONNECTION_OPERATORS).map(([name, read]): [string, Operator] => [
      name,
      ({ owner }, args) => (owner === null ? undefined : read(owner.facts, args)),
    ]),
  ),
  TRAILER: ({ response }, args) => {
    for (const name of args) {
      const value = response.trailerList?.valueByName(name);
      if (value !== undefined && value !== "") return value;
    }
    return undefined;
  },
  PATH: ({ request }, [form = ""]) => {
    const [query = "", which = ""] = form === "" || /^[WN]Q/.test(form) ? form.split(":") : ["", form];
    const path = pathOf(request, which);
    return query === "NQ" ? path?.split("?")[0] : path;
  },
  QUERY_PARAMS: ({ request }) => {
    const path = request?.value(H.PSEUDO_PATH);
    return path?.includes("?") ? path.slice(path.indexOf("?") + 1) : undefined;
  },
  UNIQUE_ID: ({ manager }) => uniqueId(manager.worker.services.random),
  EMIT_TIME: ({ manager }, [format]) => timeText(manager.worker.services.clock.wallMs(), format),
  FILTER_CHAIN_NAME: ({ manager }) => manager.chain.name,
  COMMON_DURATION: (exchange, [asked = ""]) => commonDuration(exchange, asked),
  UPSTREAM_HOST_NAME_WITHOUT_PORT: ({ router }) => {
    const { endpoint } = router.call;
    return (endpoint?.hostname || endpoint?.text)?.replace(/:\d+$/, "");
  },
  QUERY_PARAM: ({ request }, [name = ""]) => queryParameter(request?.value(H.PSEUDO_PATH) ?? "", name),
  STREAM_ID: ({ request }) => request?.value(H.X_REQUEST_ID),
  RESPONSE_TX_DURATION: (exchange) => {
    const { requestEndMs, router } = exchange;
    if (router.upstreamServiceMs < 0) return undefined;
    return milliseconds(exchange.nowMs() - requestEndMs - router.upstreamServiceMs);
  },
  // Of the connection: an endpoint that could not be reached has none.
  UPSTREAM_REMOTE_ADDRESS: ({ router }) => (router.call.stream === null ? undefined : router.call.endpoint?.text),
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (exchange) => reached(exchange)?.host,
  UPSTREAM_REMOTE_PORT: (exchange) => reached(exchange)?.port.toString(),
  UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: ({ router }) => router.call.stream?.channel.localAddress,
  UPSTREAM_LOCAL_PORT: ({ router }) => {
    const port = router.call.stream?.channel.localPort;
    return port === undefined ? undefined : String(port);
  },
  UPSTREAM_TLS_VERSION: ({ router }) => router.call.stream?.channel.tls?.version,
  UPSTREAM_TLS_CIPHER: ({ router }) => router.call.stream?.channel.tls?.cipher,
};

function reached({ router }: Exchange): { readonly host: string; readonly port: number } | undefined {
  const address = router.call.stream === null ? undefined : router.call.endpoint?.address;
  return address?.kind === "socket" ? address : undefined;
}

/** As the client asked for it, unless `which` says otherwise. */
function pathOf(request: HeaderList | null, which: string): string | undefined {
  const original = which === "PATH" ? undefined : request?.valueByName("x-envoy-original-path");
  return original ?? (which === "ORIG" ? undefined : request?.value(H.PSEUDO_PATH));
}

/** `BEGIN:END` or `BEGIN:END:unit`; undefined when either point is not known. */
function commonDuration(exchange: Exchange, asked: string): string | undefined {
  const [begin = "", end = "", unit = "ms"] = asked.split(":");
  const from = POINTS[begin]?.(exchange) ?? -1;
  const to = POINTS[end]?.(exchange) ?? -1;
  return from < 0 || to < from ? undefined : String(Math.floor((to - from) * (PER_MS[unit] ?? 1)));
}

/** Moments of a request, -1 where they did not come: of the client's first and last byte, the endpoint's first, and our last. */
const POINTS: Readonly<Record<string, (exchange: Exchange) => number>> = {
  DS_RX_BEG: ({ startMs }) => startMs,
  DS_RX_END: ({ requestEndMs }) => requestEndMs,
  US_RX_BEG: ({ router, requestEndMs }) =>
    router.upstreamServiceMs < 0 ? -1 : requestEndMs + router.upstreamServiceMs,
  DS_TX_END: (exchange) => (exchange.response.headSent ? exchange.nowMs() : -1),
};

const PER_MS: Readonly<Record<string, number>> = { ms: 1, us: 1_000, ns: 1_000_000 };

/** The first of its name, as it stands in the path. */
function queryParameter(path: string, name: string): string | undefined {
  const at = path.indexOf("?");
  if (at < 0) return undefined;
  for (const pair of path.slice(at + 1).split("&")) {
    const equals = pair.indexOf("=");
    if ((equals < 0 ? pair : pair.slice(0, equals)) === name) return equals < 0 ? "" : pair.slice(equals + 1);
  }
  return undefined;
}
