// The service behind the demo's proxies: a program of its own that answers as the front-proxy document's does.
// Usage: service.ts PORT NUMBER NAME
import { createServer } from "node:http";

const [port = "0", number = "1", name = "service"] = process.argv.slice(2);

const server = createServer((request, response) => {
  const isOurs = request.url === `/service/${number}`;
  const text = isOurs
    ? `Hello from behind Envoy (service ${number})! hostname: ${name} resolvedhostname: 127.0.0.1\n`
    : "Not Found\n";
  response.writeHead(isOurs ? 200 : 404, {
    "content-type": "text/html; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(request.method === "HEAD" ? undefined : text);
});
// Longer than the proxies keep a connection: it is never the service that closes first.
server.keepAliveTimeout = 3_700_000;
server.listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
// The demo holds the other end: a service does not outlive it.
process.stdin.resume().on("end", () => process.exit(0));
