// The service behind the demo's proxies: a program of its own that answers as the front-proxy document's does.
// Usage: service.ts PORT NUMBER NAME
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

const [port = "0", number = "1", name = "service"] = process.argv.slice(2);

const HELLO = `Hello from behind Envoy (service ${number})! hostname: ${name} resolvedhostname: 127.0.0.1\n`;
let isBroken = false;

const server = createServer((request, response) => {
  if (request.method === "POST") obey(request, response);
  else if (request.url !== `/service/${number}` && request.url !== "/service")
    answer(request, response, 404, "Not Found\n");
  else if (isBroken) answer(request, response, 503, `${name} is broken\n`);
  else answer(request, response, 200, HELLO);
});
// Longer than the proxies keep a connection: it is never the service that closes first.
server.keepAliveTimeout = 3_700_000;
server.listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
// The demo holds the other end: a service does not outlive it.
process.stdin.resume().on("end", () => process.exit(0));

/** `curl -d fail` breaks it, `curl -d ok` mends it. */
function obey(request: IncomingMessage, response: ServerResponse): void {
  let body = "";
  request.setEncoding("utf8").on("data", (text: string) => {
    body = (body + text).slice(0, 16);
  });
  request.on("end", () => {
    isBroken = body.trim() === "fail";
    answer(request, response, 200, `${name} is ${isBroken ? "broken" : "well"}\n`);
  });
}

function answer(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(request.method === "HEAD" ? undefined : text);
}
