// One HTTP connection manager of one listener as one worker runs it: its plan made ready. Connections point to it; a new plan makes a
// new one, and requests in flight keep the one they began with.
import type { RouterFilterPlan } from "../../config/plan/http-filter.ts";
import type { FilterChainPlan, HttpConnectionManagerPlan, ListenerPlan } from "../../config/plan/listener.ts";
import type { KeptBodyPlan } from "../../config/plan/route.ts";
import { HTTP1_CODEC, HTTP2_CODEC } from "../../telemetry/codec-stats.ts";
import { HTTP } from "../../telemetry/http-stats.ts";
import { LISTENER_HTTP } from "../../telemetry/listener-http-stats.ts";
import { OpenLogs } from "../../telemetry/open-logs.ts";
import type { FilterMaker } from "../filters/filter.ts";
import { FilterTable } from "../filters/filter-table.ts";
import { RouteTable } from "../routing/route-table.ts";
import { Tracer } from "../tracing/tracer.ts";
import { LocalReplyRules } from "./local-reply-rules.ts";
import { RequestRules } from "./request-headers.ts";
import { ResponseRules } from "./response-headers.ts";
import { RouteFactsTable } from "./route-facts.ts";
import type { WorkerContext } from "./worker-context.ts";

/** A connection manager ready for connections. */
export class ConnectionManager {
  readonly plan: HttpConnectionManagerPlan;
  readonly worker: WorkerContext;
  /** HTTP block, `http.<stat_prefix>.`. */
  readonly stats: Float64Array;
  /** LISTENER_HTTP block, `listener.<token>.http.<stat_prefix>.`. */
  readonly listenerStats: Float64Array;
  readonly requestTimes: Uint32Array;
  readonly connectionTimes: Uint32Array;
  readonly routes: RouteTable;
  readonly routeFacts: RouteFactsTable;
  readonly requestRules: RequestRules;
  readonly responseRules: ResponseRules;
  /** Null: the proxy's own answers go out as they are. */
  readonly localReplies: LocalReplyRules | null;
  /** Filters before the router. */
  readonly filters: FilterTable;
  readonly logs: OpenLogs;
  /** The filter chain that it ends, and its listener, as formats tell of them. */
  readonly chain: Pick<FilterChainPlan, "name" | "metadata">;
  readonly listenerMetadata: ListenerPlan["metadata"];
  /** Null: nothing is traced. */
  readonly tracer: Tracer | null;
  /** Whether anybody may ask when a request began. */
  readonly tellsStart: boolean;
  readonly suppressEnvoyHeaders: boolean;
  readonly router: Pick<RouterFilterPlan, "dynamicStats" | "respectExpectedRequestTimeout" | "strictHeaders">;
  /** Whether any virtual host wants TLS. */
  readonly requiresTls: boolean;
  /** per_connection_buffer_limit_bytes of the listener. */
  private readonly bufferBytesMax: number;
  private http1Block: Float64Array | null = null;
  private http2Block: Float64Array | null = null;

  constructor(
    worker: WorkerContext,
    plan: HttpConnectionManagerPlan,
    listener: Pick<ListenerPlan, "statPrefix" | "perConnectionBufferBytesMax" | "metadata">,
    filters: readonly FilterMaker[],
    chain: Pick<FilterChainPlan, "name" | "metadata">,
  ) {
    this.chain = chain;
    this.listenerMetadata = listener.metadata;
    const { stats, random, localAddress } = worker.services;
    const prefix = `http.${plan.statPrefix}.`;
    this.plan = plan;
    this.worker = worker;
    this.stats = stats.block(HTTP, prefix);
    this.listenerStats = stats.block(LISTENER_HTTP, `listener.${listener.statPrefix}.${prefix}`);
    this.requestTimes = stats.histogram(`${prefix}downstream_rq_time`);
    this.connectionTimes = stats.histogram(`${prefix}downstream_cx_length_ms`);
    this.routes = new RouteTable(plan.routes);
    this.routeFacts = new RouteFactsTable(this.routes, stats);
    this.requestRules = new RequestRules(plan, random, localAddress);
    this.responseRules = new ResponseRules(plan, worker.date);
    this.localReplies = plan.localReplies === null ? null : new LocalReplyRules(plan.localReplies, worker.services);
    const isFailing = (): boolean => worker.isFailing;
    const site = { services: worker.services, budget: worker.budget, statPrefix: prefix, isFailing };
    this.filters = new FilterTable(plan.filters, plan.routes, site, filters);
    this.logs = new OpenLogs(plan.accessLogs, worker.services);
    // 0 is no limit, as in Envoy.
    this.bufferBytesMax = listener.perConnectionBufferBytesMax || Number.POSITIVE_INFINITY;
    this.requiresTls = plan.routes.virtualHosts.some((host) => host.requireTls !== "none");
    this.tracer =
      plan.tracing === null ? null : new Tracer(plan.tracing, worker.services, this.stats, tracesRoutes(plan));
    this.tellsStart = !this.logs.isEmpty || this.tracer !== null || this.localReplies !== null;
    this.suppressEnvoyHeaders = plan.suppressEnvoyHeaders;
    this.router = plan.filters.find((filter) => filter.kind === "router") ?? NO_ROUTER;
  }

  /** How much of a request's body is kept so that it can be sent again. */
  keptBytesMax({ bytesMax, lowerBytesMax }: KeptBodyPlan): number {
    return bytesMax >= 0 ? bytesMax : Math.min(this.bufferBytesMax, lowerBytesMax);
  }

  /** HTTP1_CODEC block, `http1.`; shown from the first HTTP/1 connection on. */
  get http1Stats(): Float64Array {
    this.http1Block ??= this.worker.services.stats.block(HTTP1_CODEC, "http1.");
    return this.http1Block;
  }

  /** HTTP2_CODEC block, `http2.`; shown from the first HTTP/2 connection on. */
  get http2Stats(): Float64Array {
    this.http2Block ??= this.worker.services.stats.block(HTTP2_CODEC, "http2.");
    return this.http2Block;
  }
}

/** Whether a route has words of its own about tracing. */
function tracesRoutes({ routes }: HttpConnectionManagerPlan): boolean {
  return routes.virtualHosts.some((host) => host.routes.some(({ tracing }) => tracing !== null));
}

const NO_ROUTER = { dynamicStats: true, respectExpectedRequestTimeout: false, strictHeaders: [] };
