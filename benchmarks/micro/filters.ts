// What filters cost a request that they have nothing to do with: GETs through chains of idle filters in turn with GETs through none, as the
// median of the ratios of many pairs. Run: node benchmarks/micro/filters.ts
import type { HttpFilterPlan } from "../../src/config/plan/http-filter.ts";
import type { ClientChannel } from "../../test/support/client-channel.ts";
import { manager } from "../../test/support/listener-plans.ts";
import { client, median, nanoseconds } from "./instant-proxy.ts";

const PAIRS = 61;

function through(...filters: readonly HttpFilterPlan[]): ClientChannel {
  return client({ filters: [...filters, ...manager().filters] });
}

const stats = { kind: "grpc_stats", methods: "all", upstreamStats: false, replaceDots: false } as const;
const grpcStats: HttpFilterPlan = { name: "g", disabled: false, ...stats };
const buffer: HttpFilterPlan = { name: "b", disabled: false, kind: "buffer", requestBytesMax: 65_536 };
const module = (filter: string): HttpFilterPlan => {
  const text = `export const open = () => (callbacks) => ${filter};`;
  return { name: "m", disabled: false, kind: "module", file: "/bench/filter.mjs", text, config: {} };
};
const rows: readonly (readonly [string, readonly HttpFilterPlan[]])[] = [
  ["none", []],
  ["one that is disabled", [{ ...grpcStats, disabled: true }]],
  ["grpc_stats: not a gRPC request", [grpcStats]],
  ["buffer: no body, but an object and a chain", [buffer]],
  ["module: has nothing to do with it", [module("null")]],
  ["module: a hook for trailers", [module("({ encodeTrailers() {} })")]],
  ["module: reads a field", [module('({ decodeHeaders(headers) { headers.get("x-token"); } })')]],
  [
    "module: both hooks for heads, a field each",
    [module('({ decodeHeaders(h) { h.set("x-a", "1"); }, encodeHeaders(h) { h.set("x-b", "2"); } })')],
  ],
  ["five grpc_stats", Array.from({ length: 5 }, () => grpcStats)],
];
for (const [name, filters] of rows) {
  const without = through();
  const chain = through(...filters);
  for (let warm = 0; warm < 10; warm++) nanoseconds(without) + nanoseconds(chain);
  const pairs = Array.from({ length: PAIRS }, () => [nanoseconds(without), nanoseconds(chain)] as const);
  const ratio = median(pairs.map(([plain, filtered]) => filtered / plain));
  const ns = median(pairs.map(([plain]) => plain));
  console.log(`${name.padEnd(50)} ${ns.toFixed(0).padStart(6)} ns without, × ${ratio.toFixed(3)}`);
}
