// Every kind of statistics block that any thread writes: readers find names by these.
import { CLUSTER } from "../telemetry/cluster-stats.ts";
import { HTTP1_CODEC, HTTP2_CODEC } from "../telemetry/codec-stats.ts";
import { CORS } from "../telemetry/cors-stats.ts";
import { DROP } from "../telemetry/drop-stats.ts";
import { EDS } from "../telemetry/eds-stats.ts";
import { FAULT } from "../telemetry/fault-stats.ts";
import { FILESYSTEM } from "../telemetry/filesystem-stats.ts";
import { HEALTH_CHECK, HEALTH_CHECKS } from "../telemetry/health-check-stats.ts";
import { HOST } from "../telemetry/host-stats.ts";
import { HTTP } from "../telemetry/http-stats.ts";
import { LISTENER_HTTP } from "../telemetry/listener-http-stats.ts";
import { LISTENER } from "../telemetry/listener-stats.ts";
import { LOAD_REPORTER } from "../telemetry/load-stats.ts";
import { MESH } from "../telemetry/mesh-stats.ts";
import { METRICS_EXPORT } from "../telemetry/metrics-export-stats.ts";
import { OTLP_LOG } from "../telemetry/otlp-log-stats.ts";
import { OUTLIER } from "../telemetry/outlier-stats.ts";
import { RATE_LIMIT } from "../telemetry/rate-limit-stats.ts";
import { REQUESTS } from "../telemetry/request-stats.ts";
import { SSL } from "../telemetry/ssl-stats.ts";
import type { BlockSchema } from "../telemetry/stats-block.ts";
import { TCP } from "../telemetry/tcp-stats.ts";
import { THREAD } from "../telemetry/thread-stats.ts";
import { TRACES, ZIPKIN } from "../telemetry/trace-stats.ts";

/** All of them. */
export const STATS_SCHEMAS: readonly BlockSchema[] = [
  CLUSTER,
  CORS,
  DROP,
  EDS,
  FAULT,
  FILESYSTEM,
  HTTP1_CODEC,
  HEALTH_CHECK,
  HEALTH_CHECKS,
  HTTP2_CODEC,
  HOST,
  HTTP,
  LISTENER,
  LISTENER_HTTP,
  LOAD_REPORTER,
  MESH,
  METRICS_EXPORT,
  OTLP_LOG,
  OUTLIER,
  RATE_LIMIT,
  SSL,
  REQUESTS,
  TCP,
  THREAD,
  TRACES,
  ZIPKIN,
];
