// Fields of the router filter and the maintenance mode of the runtime, through the real Envoy and through Starling.
import { compareRooms } from "../support/compare-rooms.ts";
import type { RetryCase } from "./retry-cases.ts";

const NUMBERS = ["x-envoy-upstream-rq-timeout-ms", "x-envoy-upstream-rq-per-try-timeout-ms", "x-envoy-max-retries"];
const STRICT = [...NUMBERS, "x-envoy-retry-on", "x-envoy-retry-grpc-on"];

function said(name: string, ...lines: readonly string[]): RetryCase {
  return { name, lines, script: ["200"] };
}

const CASES: readonly RetryCase[] = [
  { name: "all of a cluster in maintenance", script: ["200"] },
  { name: "none of a cluster in maintenance", script: ["200"] },
  { name: "a gRPC request to one in maintenance", lines: ["content-type: application/grpc"], script: ["200"] },
  said(
    "good orders",
    ...NUMBERS.map((name) => `${name}: 900`),
    "x-envoy-retry-on: 5xx, reset",
    "x-envoy-retry-grpc-on: internal",
  ),
  ...NUMBERS.flatMap((name) =>
    ["many", "-1", "1.5", ""].map((value) => said(`${name} is '${value}'`, `${name}: ${value}`)),
  ),
  said("a word that retry_on does not know", "x-envoy-retry-on: 5xx,sometimes"),
  said("a word of the other list", "x-envoy-retry-grpc-on: 5xx"),
  said("no word", "x-envoy-retry-on: ,"),
  { ...said("a word of gRPC that is none", "x-envoy-retry-grpc-on: later"), policy: { retry_on: "5xx" } },
  { ...said("what a proxy before expects", "x-envoy-expected-rq-timeout-ms: 200"), script: ["hang"] },
  {
    ...said(
      "what it expects beside an order",
      "x-envoy-expected-rq-timeout-ms: 200",
      "x-envoy-upstream-rq-timeout-ms: 9000",
    ),
    script: ["hang"],
  },
  said("what it expects in words", "x-envoy-expected-rq-timeout-ms: soon"),
  said("what it expects is longer than the route's", "x-envoy-expected-rq-timeout-ms: 60000"),
  { ...said("an order alone", "x-envoy-upstream-rq-timeout-ms: 200"), script: ["hang"] },
];

compareRooms("fields of the router, the real Envoy beside Starling", CASES, {
  runtime: { upstream: { maintenance_mode: { c0: 100, c1: 0, c2: 100 } } },
  router: { strict_check_headers: STRICT, respect_expected_rq_timeout: true },
});

compareRooms(
  "a router without dynamic_stats and Envoy's headers, the real Envoy beside Starling",
  [
    { name: "an answer", script: ["200"] },
    { name: "an answer after a retry", policy: { retry_on: "5xx" }, script: ["503", "200"] },
    { name: "no answer", script: ["close"] },
    { name: "maintenance", script: ["200"] },
  ],
  {
    runtime: { upstream: { maintenance_mode: { c3: 100 } } },
    router: { dynamic_stats: false, suppress_envoy_headers: true },
  },
);
