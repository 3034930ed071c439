// A plain proxy on node:http, as one writes it in an afternoon. Usage: node node-http-proxy.mjs LISTEN UPSTREAM [certificate key]
import { readFileSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import { createServer as createTlsServer } from "node:https";

const [listen, upstream, cert, key] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const forward = (incoming, outgoing) => {
  const { method, url: path, headers } = incoming;
  const onward = request({ host: "127.0.0.1", port: Number(upstream), method, path, headers, agent }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on("error", () => outgoing.destroy());
  incoming.pipe(onward);
};
const server =
  cert === undefined
    ? createServer(forward)
    : createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, forward);
server.listen(Number(listen), "127.0.0.1");
