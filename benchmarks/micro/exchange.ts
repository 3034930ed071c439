// What one request costs between the client's bytes and the upstream's calls: HTTP/1 codec, exchange, router, header rules, counters,
// without sockets and pools. Run: node benchmarks/micro/exchange.ts

import type { RequestWatch } from "../../src/dataplane/exchange/request-watch.ts";
import { TAP_REDACTS, type WatchTerms } from "../../src/telemetry/request-watch.ts";
import { client } from "./instant-proxy.ts";
import { measure } from "./measure.ts";

const get = Buffer.from("GET /service/1 HTTP/1.1\r\nhost: a\r\nuser-agent: bench\r\naccept: */*\r\n\r\n");
const post = Buffer.from("POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n");
const body = Buffer.concat([post, Buffer.alloc(100, 120)]);

const plain = client();
measure("GET, answer of 12 bytes", () => plain.send(get));
measure("POST of 100 bytes, answer of 12", () => plain.send(body));
const edge = client({ useRemoteAddress: true, normalizePath: true, mergeSlashes: true, via: "x" });
measure("GET at the edge: addresses, canonical path, via", () => edge.send(get));
const format = [
  "START_TIME",
  "PROTOCOL",
  "RESPONSE_CODE",
  "RESPONSE_FLAGS",
  "BYTES_SENT",
  "DURATION",
  "UPSTREAM_HOST",
].map((name) => ({ kind: "operator", name, args: [], lengthMax: Number.POSITIVE_INFINITY }) as const);
const logged = client({
  accessLogs: [{ sink: "file", path: "x", format, json: null, omitEmpty: false, filter: null }],
});
measure("GET with an access log of seven operators", () => logged.send(get));
const terms = (more: Partial<WatchTerms>): WatchTerms => ({
  leaseMs: 1e9,
  times: false,
  taps: [],
  redacts: TAP_REDACTS,
  ...more,
});
const any = { cluster: "", route: "", path: "", classes: [], method: "", header: "", headerValue: "", share: 1 };
const looked = client({}, (watch) => watch.assign(terms({ times: true })));
measure("GET while the dashboard is open, its time not among those told", () => looked.send(get));
const other = client({}, (watch) => watch.assign(terms({ taps: [{ ...any, id: 1, cluster: "other" }] })));
measure("GET while a tap is read that asks for others", () => other.send(get));
const full = client({}, (watch) => watch.assign(terms({ taps: [{ ...any, id: 1 }] })));
measure("GET that a tap asks for, above its rate", () => full.send(get));
let id = 0;
let told: RequestWatch | null = null;
const tapped = client({}, (watch) => {
  told = watch;
});
measure(
  "GET that a tap is told of, with its heads",
  () => {
    told?.assign(terms({ taps: [{ ...any, id: ++id }] }));
    for (let i = 0; i < 50; i++) tapped.send(get);
  },
  50,
);
const before = process.memoryUsage().heapUsed;
for (let i = 0; i < 1000; i++) plain.send(get);
console.log(
  `${"bytes of heap a GET, garbage included".padEnd(68)} ${String(Math.round((process.memoryUsage().heapUsed - before) / 1000)).padStart(8)} B`,
);
