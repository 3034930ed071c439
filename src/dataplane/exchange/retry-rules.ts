// What makes an attempt worth another one: a route's retry policy made ready once, and what a trusted client's x-envoy-* headers add
// for one request. Asked by retry-state.ts; knows no time and counts nothing.
import type { RetryPlan } from "../../config/plan/retry.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { type HeaderTest, headerTest } from "../routing/header-matcher.ts";

/** The words of retry_on as bits. */
export const RetryOn = {
  Status5xx: 1,
  GatewayError: 2,
  Reset: 4,
  ResetBeforeRequest: 8,
  ConnectFailure: 16,
  RateLimited: 32,
  Retriable4xx: 64,
  RefusedStream: 128,
  StatusCodes: 256,
  Headers: 512,
} as const;

/** When one request is tried again. */
export interface RetryRules {
  /** RetryOn bits. */
  readonly on: number;
  /** grpc-status values of an answer's head. */
  readonly grpcStatuses: readonly string[];
  readonly retriesMax: number;
  readonly statuses: readonly number[];
  /** Any of them in an answer. */
  readonly headers: readonly HeaderTest[];
  /** Not empty: one of them must match the request. */
  readonly requestHeaders: readonly HeaderTest[];
  /** The rest of the policy; null: the request's headers alone ask for retries. */
  readonly plan: RetryPlan | null;
}

/** Makes a policy ready; null when it never retries by itself. */
export function retryRules(plan: RetryPlan | null): RetryRules | null {
  if (plan === null) return null;
  return {
    on: bitsOf(plan.retryOn),
    grpcStatuses: grpcStatusesOf(plan.retryOn),
    retriesMax: plan.retriesMax,
    statuses: plan.retriableStatusCodes,
    headers: plan.retriableHeaders.map(headerTest),
    requestHeaders: plan.retriableRequestHeaders.map(headerTest),
    plan,
  };
}

/** The rules of one request: the route's with what its headers say; null when nothing is ever retried. The headers stay. */
export function rulesOfRequest(route: RetryRules | null, head: HeaderList, mayHaveOrders: boolean): RetryRules | null {
  const rules = mayHaveOrders ? withOrders(route, head) : route;
  if (rules === null || (rules.on === 0 && rules.grpcStatuses.length === 0)) return null;
  if (rules.requestHeaders.length > 0 && !rules.requestHeaders.some((test) => test(head))) return null;
  return rules;
}

/** Whether a header's value has words of retry_on and no others. */
export function areRetryWords(value: string, kind: "http" | "grpc"): boolean {
  const known: ReadonlyMap<string, unknown> = kind === "http" ? BITS : GRPC_STATUSES;
  return words(value).every((word) => known.has(word));
}

function withOrders(route: RetryRules | null, head: HeaderList): RetryRules | null {
  const http = words(head.value(H.X_ENVOY_RETRY_ON));
  const grpc = words(head.value(H.X_ENVOY_RETRY_GRPC_ON));
  const codes = words(head.value(H.X_ENVOY_RETRIABLE_STATUS_CODES)).filter((code) => /^\d{1,9}$/.test(code));
  const names = words(head.value(H.X_ENVOY_RETRIABLE_HEADER_NAMES));
  const max = head.value(H.X_ENVOY_MAX_RETRIES);
  if (http.length + grpc.length + codes.length + names.length === 0 && max === undefined) return route;
  const base = route ?? NO_POLICY;
  return {
    ...base,
    on: base.on | bitsOf(http),
    grpcStatuses: [...base.grpcStatuses, ...grpcStatusesOf(grpc)],
    retriesMax: max !== undefined && /^\d{1,9}$/.test(max) ? Number(max) : base.retriesMax,
    statuses: [...base.statuses, ...codes.map(Number)],
    headers: [...base.headers, ...names.map((name) => presenceOf(name.toLowerCase()))],
  };
}

function presenceOf(name: string): HeaderTest {
  return (head) => head.findName(name) >= 0;
}

function bitsOf(names: readonly string[]): number {
  return names.reduce((bits, name) => bits | (BITS.get(name) ?? 0), 0);
}

function grpcStatusesOf(names: readonly string[]): string[] {
  return names.map((name) => GRPC_STATUSES.get(name)).filter((status) => status !== undefined);
}

function words(text: string | undefined): string[] {
  if (text === undefined) return [];
  return text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

const NO_POLICY: RetryRules = {
  on: 0,
  grpcStatuses: [],
  retriesMax: 1,
  statuses: [],
  headers: [],
  requestHeaders: [],
  plan: null,
};

const BITS: ReadonlyMap<string, number> = new Map([
  ["5xx", RetryOn.Status5xx],
  ["gateway-error", RetryOn.GatewayError],
  ["reset", RetryOn.Reset],
  ["reset-before-request", RetryOn.ResetBeforeRequest],
  ["connect-failure", RetryOn.ConnectFailure],
  ["envoy-ratelimited", RetryOn.RateLimited],
  ["retriable-4xx", RetryOn.Retriable4xx],
  ["refused-stream", RetryOn.RefusedStream],
  ["retriable-status-codes", RetryOn.StatusCodes],
  ["retriable-headers", RetryOn.Headers],
]);

const GRPC_STATUSES: ReadonlyMap<string, string> = new Map([
  ["cancelled", "1"],
  ["deadline-exceeded", "4"],
  ["resource-exhausted", "8"],
  ["internal", "13"],
  ["unavailable", "14"],
]);
