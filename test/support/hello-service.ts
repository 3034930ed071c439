// The service of the front-proxy document: says its number, its host name and address.
import { createServer, type Server } from "node:http";

/** Listens on a port; close it with `closeService`. */
export function helloService(port: number, hostname: string): Promise<Server> {
  const server = createServer((request, response) => {
    const number = /^\/service\/(\w+)/.exec(request.url ?? "")?.[1];
    const body =
      number === undefined
        ? "Not Found\n"
        : `Hello from behind Envoy (service ${number})! hostname: ${hostname} resolvedhostname: 127.0.0.1\n`;
    response.writeHead(number === undefined ? 404 : 200, {
      "content-type": "text/html; charset=utf-8",
      "content-length": Buffer.byteLength(body),
    });
    response.end(body);
  });
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

/** Ends a service with its connections. */
export function closeService(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
