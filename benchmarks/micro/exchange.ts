// What one request costs between the client's bytes and the upstream's calls: HTTP/1 codec, exchange, router, header rules, counters,
// without sockets and pools. Run: node benchmarks/micro/exchange.ts

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
const before = process.memoryUsage().heapUsed;
for (let i = 0; i < 1000; i++) plain.send(get);
console.log(
  `${"bytes of heap a GET, garbage included".padEnd(68)} ${String(Math.round((process.memoryUsage().heapUsed - before) / 1000)).padStart(8)} B`,
);
