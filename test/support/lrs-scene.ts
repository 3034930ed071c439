// A proxy file with clusters of every kind that load reports tell apart, and the upstreams behind it, which lie as a path says.
import { createServer, type Server } from "node:http";
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { endpointAt, OVER_HTTP2, socketAddress } from "./file-parts.ts";
import { managerFilter } from "./proxy-file.ts";

/** Ports of a scene. */
export interface LrsPorts {
  readonly listener: number;
  readonly admin: number;
  readonly lrs: number;
  /** HTTP/1.1. */
  readonly upstreams: readonly [number, number, number];
  readonly grpc: number;
  /** Nobody listens there. */
  readonly closed: number;
}

/** The file. Each cluster has the prefix of its name, and cluster `one` the rest. `server`: more fields of the server's cluster, `lrs`. */
export function lrsFile(ports: LrsPorts, server: object = {}): string {
  const [first, second, third] = ports.upstreams;
  const rewrite = (cluster: string, more: object = {}, prefix: string = `/${cluster}/`) => ({
    match: { prefix },
    route: { cluster, prefix_rewrite: "/", ...more },
  });
  const routes = [
    { match: { prefix: "/one-timeout/" }, route: { cluster: "one", prefix_rewrite: "/", timeout: "0.2s" } },
    rewrite("one", { retry_policy: { retry_on: "5xx,reset", num_retries: 2 } }, "/one-retry/"),
    ...["one", "two", "empty", "refused", "locs", "drops", "cb", "lrs"].map((name) => rewrite(name)),
    { match: { prefix: "/grpc" }, route: { cluster: "grpc" } },
    { match: { prefix: "/" }, route: { cluster: "one" } },
  ];
  const manager = managerFilter({ route_config: { virtual_hosts: [{ name: "v", domains: ["*"], routes }] } });
  const place = (region: string, zone: string, subZone: string) => ({ region, zone, sub_zone: subZone });
  const clusters = [
    cluster("one", [{ lb_endpoints: [endpointAt(first)] }]),
    cluster("two", [{ lb_endpoints: [endpointAt(second)] }]),
    cluster("empty", []),
    cluster("refused", [{ lb_endpoints: [endpointAt(ports.closed)] }]),
    cluster("locs", [
      { locality: place("r1", "z1", ""), lb_endpoints: [endpointAt(first), endpointAt(second)] },
      { locality: place("r1", "z2", "s"), lb_endpoints: [endpointAt(third)] },
      { locality: place("r2", "z1", ""), priority: 1, lb_endpoints: [endpointAt(first)] },
    ]),
    cluster(
      "drops",
      [{ lb_endpoints: [endpointAt(first)] }],
      {},
      { drop_overloads: [{ category: "lb", drop_percentage: { numerator: 100 } }] },
    ),
    cluster("cb", [{ lb_endpoints: [endpointAt(first)] }], { circuit_breakers: { thresholds: [{ max_requests: 1 }] } }),
    cluster("grpc", [{ lb_endpoints: [endpointAt(ports.grpc)] }], OVER_HTTP2),
    cluster("lrs", [{ lb_endpoints: [endpointAt(ports.lrs)] }], { ...OVER_HTTP2, ...server }),
  ];
  return JSON.stringify({
    node: { id: "node-1", cluster: "cluster-A", locality: place("r1", "z1", "s1"), metadata: { team: "x" } },
    admin: { address: socketAddress(ports.admin) },
    cluster_manager: {
      load_stats_config: {
        api_type: "GRPC",
        transport_api_version: "V3",
        grpc_services: [{ envoy_grpc: { cluster_name: "lrs" } }],
      },
    },
    static_resources: {
      listeners: [
        {
          name: "l",
          address: socketAddress(ports.listener),
          filter_chains: [{ filters: [manager] }],
        },
      ],
      clusters,
    },
  });
}

function cluster(name: string, endpoints: readonly object[], more: object = {}, policy: object = {}): object {
  const assignment = { cluster_name: name, endpoints, policy };
  return { name, type: "STATIC", connect_timeout: "0.5s", load_assignment: assignment, ...more };
}

/** HTTP/1.1: `/` answers 200, `/200` and any other status answers so, `/wait/300` after so many ms with 200, `/reset` tears the connection
 *  down, `/fails/2/x` answers 503 twice and then 200, `/hold/x` waits for `/release/x`. */
export function lyingUpstream(port: number): Promise<Server> {
  const failed = new Map<string, number>();
  const released = new Map<string, PromiseWithResolvers<void>>();
  const gate = (name: string): PromiseWithResolvers<void> => {
    const known = released.get(name) ?? Promise.withResolvers<void>();
    released.set(name, known);
    return known;
  };
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const [, word = "", ms = "0"] = path.split("/");
    if (word === "reset") request.socket.resetAndDestroy();
    else if (word === "fails") {
      const before = failed.get(path) ?? 0;
      failed.set(path, before + 1);
      response.writeHead(before < Number(ms) ? 503 : 200, { "content-length": 0 }).end();
    } else if (word === "wait") setTimeout(() => response.end(), Number(ms));
    else if (word === "hold") void gate(ms).promise.then(() => response.end());
    else if (word === "release") response.end(void gate(ms).resolve());
    else response.writeHead(word === "" ? 200 : Number(word), { "content-length": 0 }).end();
  });
  // A cluster that nobody asks for some steps keeps its connection: none ends under the next request.
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

/** gRPC: `/grpc.Test/14` ends with that status, after a head with 200. */
export function lyingGrpc(port: number): Promise<Http2Server> {
  const server = createHttp2Server();
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    const status = String(headers[":path"]).split("/").at(-1) ?? "2";
    stream.on("error", () => {});
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": status }));
    stream.end();
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const close = server.close.bind(server);
  server.close = (done) => {
    for (const socket of sockets) socket.destroy();
    return close(done);
  };
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}
