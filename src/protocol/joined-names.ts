// Fields of which Envoy 1.40 has one line at most. Used where a configuration adds fields.

/** Of a request: a further value is joined to the first by a comma; of any other field it is a line of its own. */
export const JOINED_REQUEST_NAMES: ReadonlySet<string> = new Set(
  `accept accept-encoding access-control-request-headers access-control-request-method access-control-request-private-network
  authorization cache-control content-encoding content-type expect grpc-accept-encoding grpc-timeout if-none-match origin
  referer te user-agent via x-client-trace-id x-envoy-attempt-count x-envoy-decorator-operation
  x-envoy-downstream-service-cluster x-envoy-downstream-service-node x-envoy-expected-rq-timeout-ms x-envoy-external-address
  x-envoy-force-trace x-envoy-hedge-on-per-try-timeout x-envoy-internal x-envoy-ip-tags x-envoy-is-timeout-retry x-envoy-max-retries
  x-envoy-original-host x-envoy-original-path x-envoy-retriable-header-names x-envoy-retriable-status-codes x-envoy-retry-grpc-on
  x-envoy-retry-on x-envoy-upstream-alt-stat-name x-envoy-upstream-rq-per-try-timeout-ms x-envoy-upstream-rq-timeout-alt-response
  x-envoy-upstream-rq-timeout-ms x-envoy-upstream-stream-duration-ms x-forwarded-client-cert x-forwarded-for x-forwarded-host
  x-forwarded-port x-forwarded-proto x-request-id`.split(/\s+/),
);

/** The same of a response. */
export const JOINED_RESPONSE_NAMES: ReadonlySet<string> = new Set(
  `access-control-allow-credentials access-control-allow-headers access-control-allow-methods access-control-allow-origin
  access-control-expose-headers access-control-max-age age cache-control content-encoding content-type date etag expires
  grpc-message grpc-status last-modified location proxy-status vary via x-envoy-attempt-count x-envoy-decorator-operation
  x-envoy-degraded x-envoy-immediate-health-check-fail x-envoy-ratelimited x-envoy-upstream-canary
  x-envoy-upstream-healthchecked-cluster x-envoy-upstream-service-time x-request-id`.split(/\s+/),
);
