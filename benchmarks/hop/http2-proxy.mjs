// The http2-proxy package in front of an HTTP/1.1 upstream. Usage: node http2-proxy.mjs LISTEN UPSTREAM [certificate key]
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createSecureServer } from "node:http2";
import proxy from "http2-proxy";

const [listen, upstream, cert, key] = process.argv.slice(2);
const forward = (incoming, outgoing) =>
  proxy.web(
    incoming,
    outgoing,
    { hostname: "127.0.0.1", port: Number(upstream) },
    (error) => error && outgoing.destroy(),
  );
const server =
  cert === undefined
    ? createServer(forward)
    : createSecureServer({ cert: readFileSync(cert), key: readFileSync(key), allowHTTP1: true }, forward);
server.listen(Number(listen), "127.0.0.1");
