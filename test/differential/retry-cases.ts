// Requests whose attempts fail, with the fields of their route and what the upstream does with each attempt: data for the comparison
// of retries with the real Envoy.

/** One request. */
export interface RetryCase {
  readonly name: string;
  /** retry_policy of the route; absent: none. */
  readonly policy?: Readonly<Record<string, unknown>>;
  /** More fields of the route's action. */
  readonly action?: Readonly<Record<string, unknown>>;
  /** More fields of the route. */
  readonly route?: Readonly<Record<string, unknown>>;
  /** More fields of the cluster. */
  readonly cluster?: Readonly<Record<string, unknown>>;
  /** Whether nobody listens where the cluster points. */
  readonly isRefused?: boolean;
  readonly upstream?: "http1" | "http2";
  /** Lines of the request's head. */
  readonly lines?: readonly string[];
  readonly body?: string;
  /** A word of LyingUpstream for each attempt; the last one goes on. */
  readonly script: readonly string[];
  /** Whether a request of before, without the lines, has left a connection to the upstream. */
  readonly isWarm?: boolean;
  /** How long the client waits for more of an answer; default 60. */
  readonly quietMs?: number;
}

const QUICK = { base_interval: "0.001s", max_interval: "0.002s" };

/** A policy that comes back at once. */
export function policy(
  retryOn: string,
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return { retry_on: retryOn, retry_back_off: QUICK, ...more };
}

const TWO = { num_retries: 2 };

/** Timeouts within which another attempt is answered, or a head comes: whatever else the machine does. */
const ROOMY = "1s";

/** All of them. */
export const RETRY_CASES: readonly RetryCase[] = [
  { name: "no policy", script: ["503", "200"] },
  { name: "5xx then 200", policy: policy("5xx"), script: ["503", "200"] },
  { name: "5xx until the last", policy: policy("5xx", TWO), script: ["503", "500", "502"] },
  { name: "5xx and a reset", policy: policy("5xx", TWO), script: ["reset", "503", "200"] },
  { name: "no retries at all", policy: policy("5xx", { num_retries: 0 }), script: ["503"] },
  { name: "gateway-error does not want 500", policy: policy("gateway-error"), script: ["500", "200"] },
  { name: "gateway-error wants 504", policy: policy("gateway-error"), script: ["504", "200"] },
  { name: "reset wants a close", policy: policy("reset"), script: ["close", "200"] },
  { name: "reset does not want 503", policy: policy("reset"), script: ["503", "200"] },
  { name: "resets until the last", policy: policy("reset", TWO), script: ["reset"] },
  {
    name: "reset-before-request does not want it later",
    policy: policy("reset-before-request"),
    script: ["reset", "200"],
  },
  {
    name: "reset-before-request of a refused connection",
    policy: policy("reset-before-request"),
    isRefused: true,
    script: [],
  },
  { name: "connect-failure", policy: policy("connect-failure", TWO), isRefused: true, script: [] },
  { name: "connect-failure does not want a reset", policy: policy("connect-failure"), script: ["reset", "200"] },
  { name: "5xx of a refused connection", policy: policy("5xx"), isRefused: true, script: [] },
  { name: "retriable-4xx", policy: policy("retriable-4xx"), script: ["409", "200"] },
  { name: "retriable-4xx does not want 404", policy: policy("retriable-4xx"), script: ["404", "200"] },
  {
    name: "retriable-status-codes",
    policy: policy("retriable-status-codes", { retriable_status_codes: [418] }),
    script: ["418", "200"],
  },
  {
    name: "status codes without the word",
    policy: policy("reset", { retriable_status_codes: [418] }),
    script: ["418", "200"],
  },
  {
    name: "too early",
    policy: policy("retriable-status-codes", { retriable_status_codes: [425] }),
    script: ["425", "200"],
  },
  {
    name: "too early for early data",
    policy: policy("retriable-status-codes", { retriable_status_codes: [425] }),
    lines: ["early-data: 1"],
    script: ["425", "200"],
  },
  {
    name: "retriable-headers",
    policy: policy("retriable-headers", { retriable_headers: [{ name: "x-again", string_match: { exact: "yes" } }] }),
    script: ["200 x-again=yes", "200 x-again=no"],
  },
  {
    name: "retriable_request_headers that match",
    policy: policy("5xx", { retriable_request_headers: [{ name: "x-may", present_match: true }] }),
    lines: ["x-may: 1"],
    script: ["503", "200"],
  },
  {
    name: "retriable_request_headers that do not",
    policy: policy("5xx", { retriable_request_headers: [{ name: "x-may", present_match: true }] }),
    script: ["503", "200"],
  },
  {
    name: "ratelimited with the word",
    policy: policy("envoy-ratelimited"),
    script: ["429 x-envoy-ratelimited=true", "200"],
  },
  { name: "ratelimited without the word", policy: policy("5xx"), script: ["503 x-envoy-ratelimited=true", "200"] },
  { name: "overloaded elsewhere", policy: policy("5xx"), script: ["503 x-envoy-overloaded=true", "200"] },
  { name: "several words", policy: policy("connect-failure, 5xx,nonsense ,retriable-4xx"), script: ["409", "200"] },
  { name: "half a head", script: ["cut"] },
  { name: "half a head is retried", policy: policy("reset"), script: ["cut", "200"] },
  { name: "a broken body is not retried", policy: policy("5xx,reset"), script: ["half", "200"], quietMs: 1_500 },
  { name: "a body is sent again", policy: policy("5xx"), body: "hello", script: ["503", "reset", "200"] },
  { name: "a body twice", policy: policy("5xx,reset", TWO), body: "hello", script: ["503", "reset", "200"] },
  {
    name: "a body above the limit of the route",
    policy: policy("5xx"),
    route: { per_request_buffer_limit_bytes: 4 },
    body: "hello",
    script: ["503", "200"],
  },
  {
    name: "a body at the limit of the route",
    policy: policy("5xx"),
    route: { per_request_buffer_limit_bytes: 5 },
    body: "hello",
    script: ["503", "200"],
  },
  {
    name: "request_body_buffer_limit wins",
    policy: policy("5xx"),
    route: { request_body_buffer_limit: 4 },
    body: "hello",
    script: ["503", "200"],
  },
  {
    name: "a limit of nothing",
    policy: policy("5xx"),
    route: { per_request_buffer_limit_bytes: 0 },
    body: "h",
    script: ["503", "200"],
  },
  { name: "per_try_timeout", policy: policy("5xx", { per_try_timeout: ROOMY }), script: ["hang", "200"] },
  { name: "per_try_timeout until the last", policy: policy("5xx", { per_try_timeout: "0.1s" }), script: ["hang"] },
  {
    name: "per_try_timeout that nobody retries",
    policy: policy("connect-failure", { per_try_timeout: "0.1s" }),
    script: ["hang", "200"],
  },
  { name: "per_try_timeout with reset", policy: policy("reset", { per_try_timeout: ROOMY }), script: ["hang", "200"] },
  {
    name: "per_try_timeout above the route's",
    policy: policy("5xx", { per_try_timeout: "0.3s" }),
    action: { timeout: "0.2s" },
    script: ["hang"],
  },
  {
    name: "per_try_timeout does not end a body",
    policy: policy("5xx", { per_try_timeout: ROOMY }),
    action: { timeout: "2s" },
    script: ["stall"],
    quietMs: 1_500,
  },
  { name: "per_try_idle_timeout", policy: policy("5xx", { per_try_idle_timeout: ROOMY }), script: ["hang", "200"] },
  {
    name: "per_try_idle_timeout until the last",
    policy: policy("5xx", { per_try_idle_timeout: "0.1s" }),
    script: ["hang"],
  },
  {
    name: "per_try_idle_timeout in a body",
    policy: policy("5xx", { per_try_idle_timeout: ROOMY }),
    script: ["stall"],
    quietMs: 1_500,
  },
  {
    name: "the route's timeout is over all attempts",
    policy: policy("5xx", { per_try_timeout: ROOMY, num_retries: 9 }),
    action: { timeout: "2.6s" },
    script: ["hang"],
  },
  {
    name: "the route's timeout in a back-off",
    // The pause is any part of the interval: of ten hours it is not the first second.
    policy: { retry_on: "5xx", retry_back_off: { base_interval: "36000s" } },
    action: { timeout: ROOMY },
    script: ["503"],
  },
  {
    name: "retry-after",
    policy: policy("5xx", { rate_limited_retry_back_off: { reset_headers: [{ name: "Retry-After" }] } }),
    script: ["503 retry-after=1", "200"],
  },
  {
    name: "retry-after beyond the limit",
    policy: policy("5xx", {
      rate_limited_retry_back_off: { reset_headers: [{ name: "Retry-After" }], max_interval: "1s" },
    }),
    script: ["503 retry-after=2", "200"],
  },
  {
    name: "max_retries is full",
    policy: policy("5xx"),
    cluster: { circuit_breakers: { thresholds: [{ max_retries: 0 }] } },
    script: ["503", "200"],
  },
  {
    name: "max_retries is full after a reset",
    policy: policy("5xx"),
    cluster: { circuit_breakers: { thresholds: [{ max_retries: 0 }] } },
    script: ["reset", "200"],
  },
  {
    name: "a budget of nothing but its least",
    policy: policy("5xx"),
    cluster: { circuit_breakers: { thresholds: [{ max_retries: 0, retry_budget: { min_retry_concurrency: 1 } }] } },
    script: ["503", "200"],
  },
  {
    name: "a budget that is nothing",
    policy: policy("5xx"),
    cluster: {
      circuit_breakers: { thresholds: [{ retry_budget: { budget_percent: { value: 0 }, min_retry_concurrency: 0 } }] },
    },
    script: ["503", "200"],
  },
  {
    name: "no requests may run",
    policy: policy("5xx"),
    cluster: { circuit_breakers: { thresholds: [{ max_requests: 0 }] } },
    script: ["200"],
  },
  {
    name: "no requests may wait",
    policy: policy("5xx"),
    cluster: { circuit_breakers: { thresholds: [{ max_pending_requests: 0 }] } },
    script: ["200"],
  },
];
