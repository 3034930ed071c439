// The service of the front-proxy and load reporting documents, as a program of its own: says its number, host name and address.
// `starling demo` and the compose meshes start it; it imports nothing of the proxy. `--help` says how to start it.
import { lookup } from "node:dns/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { createServer } from "./node-http.ts";
import { Spans } from "./spans.ts";

const HELP = `usage: service [--port=8080] [--host=0.0.0.0] [--number=1] [--name=HOSTNAME] [--address=ADDRESS] [--attached]
Answers /service and /service/NUMBER with its number, its name and its address (by default that of the host's name).
A POST breaks it, 'curl -d fail', or mends it, 'curl -d ok'. Attached, it ends when its standard input does.
`;

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8080" },
    host: { type: "string", default: "0.0.0.0" },
    number: { type: "string", default: "1" },
    name: { type: "string", default: hostname() },
    address: { type: "string", default: "" },
    attached: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
let isBroken = false;

if (values.help) process.stdout.write(HELP);
else serve(values.address || (await lookup(hostname(), 4)).address);

function serve(address: string): void {
  const hello = `Hello from behind Envoy (service ${values.number})! hostname: ${values.name} resolvedhostname: ${address}\n`;
  const spans = new Spans(`service${values.number}`);
  const server = createServer((request, response) => {
    spans.watch(request, response);
    if (request.method === "POST") obey(request, response);
    else if (request.url !== `/service/${values.number}` && request.url !== "/service")
      answer(request, response, 404, "Not Found\n");
    else if (isBroken) answer(request, response, 503, `${values.name} is broken\n`);
    else answer(request, response, 200, hello);
  });
  // Longer than the proxies keep a connection: it is never the service that closes first.
  server.keepAliveTimeout = 3_700_000;
  server.listen(Number(values.port), values.host, () => process.stdout.write("ready\n"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
  // Who started it holds the other end: it does not outlive that.
  if (values.attached) process.stdin.resume().on("end", () => process.exit(0));
}

/** `curl -d fail` breaks it, `curl -d ok` mends it. */
function obey(request: IncomingMessage, response: ServerResponse): void {
  let body = "";
  request.setEncoding("utf8").on("data", (text: string) => {
    body = (body + text).slice(0, 16);
  });
  request.on("end", () => {
    isBroken = body.trim() === "fail";
    answer(request, response, 200, `${values.name} is ${isBroken ? "broken" : "well"}\n`);
  });
}

function answer(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(request.method === "HEAD" ? undefined : text);
}
