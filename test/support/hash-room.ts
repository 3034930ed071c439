// A proxy in front of endpoints that say who they are, with a route and a cluster of its own for each case: what tests of hashing stand
// on. The endpoints are addresses of one server, so that several proxies have the same ones.
import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { socketAddress } from "./file-parts.ts";
import { freePort, LiveProxy, type Program } from "./live-proxy.ts";
import { managerFilter } from "./proxy-file.ts";

/** One route and its cluster. */
export interface HashCase {
  readonly name: string;
  /** More fields of the cluster: its policy. */
  readonly cluster: Readonly<Record<string, unknown>>;
  /** Its endpoints by group (priority or locality); default five. */
  readonly groups?: readonly EndpointGroup[];
  /** hash_policy; default the header `x-key`. */
  readonly hashPolicy?: readonly unknown[];
  /** More fields of the route action; `SELF` in them is the name of the cluster. */
  readonly action?: Readonly<Record<string, unknown>>;
}

/** One LocalityLbEndpoints. */
export interface EndpointGroup {
  readonly more?: Readonly<Record<string, unknown>>;
  /** Last byte of each endpoint's address, with more of its fields; `isDead`: nobody listens there. */
  readonly endpoints: Readonly<Record<number, Readonly<Record<string, unknown>>>>;
}

/** A request: its fields, and what follows the path of the case. */
export interface HashRequest {
  readonly fields?: Readonly<Record<string, string | readonly string[]>>;
  readonly query?: string;
}

/** What came of a request without cookies. */
export interface Cookie {
  readonly status: number;
  readonly setCookie: readonly string[];
  /** The addresses of its connection, as the proxy sees them. */
  readonly remote: string;
  readonly local: string;
}

/** A server that answers on every address of 127.0.0.0/8 with the address it was asked by; who asks for `?hold` gets no answer. */
export async function addressServer(): Promise<Server> {
  const server = createServer(({ socket, url = "" }, response) => {
    const address = socket.localAddress ?? "";
    if (url.endsWith("?hold")) return;
    response.writeHead(200, { "content-length": address.length }).end(address);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
  return server;
}

/** One proxy. */
export class HashRoom {
  readonly port: number;
  private readonly adminPort: number;
  private readonly tcpPort: number;
  private readonly proxy: LiveProxy;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 8 });

  private constructor(proxy: LiveProxy, { port, adminPort, tcpPort }: Ports) {
    this.proxy = proxy;
    this.port = port;
    this.adminPort = adminPort;
    this.tcpPort = tcpPort;
  }

  /** Starts a program with these cases in front of the server. */
  static async start(program: Program, cases: readonly HashCase[], server: Server): Promise<HashRoom> {
    const port = await freePort();
    const adminPort = await freePort([port]);
    const tcpPort = await freePort([port, adminPort]);
    const ports = { port, adminPort, tcpPort, upstreamPort: (server.address() as AddressInfo).port };
    const file = fileOf(cases, ports);
    return new HashRoom(await LiveProxy.start(program, JSON.stringify(file), adminPort), ports);
  }

  /** The endpoint that answers each request of a case, or the status of who answers else. */
  async endpoints(index: number, requests: readonly HashRequest[]): Promise<string[]> {
    return Promise.all(requests.map((request) => this.ask(index, request)));
  }

  /** Gauges of a case's cluster that match. */
  async gauges(index: number, names: RegExp): Promise<string[]> {
    const text = await (await fetch(`http://127.0.0.1:${this.adminPort}/stats?filter=cluster\\.c${index}\\.`)).text();
    return text.split("\n").filter((line) => names.test(line));
  }

  /** The endpoints that get requests which are not answered, one after the other; in the end all are given up. */
  async heldAt(index: number, keys: readonly string[], server: Server): Promise<string[]> {
    const agent = new Agent();
    const found: string[] = [];
    for (const key of keys) {
      const arrived = once(server, "request") as Promise<[IncomingMessage]>;
      const headers = { "x-key": key };
      get({ port: this.port, host: "127.0.0.1", path: `/c${index}/?hold`, headers, agent }).on("error", () => {});
      found.push((await arrived)[0].socket.localAddress ?? "");
    }
    agent.destroy();
    return found;
  }

  /** The endpoint of a connection from an address through the TCP proxy, whose cluster is the first case's. */
  async tcpEndpoint(from: string): Promise<string> {
    const socket = connect({ port: this.tcpPort, host: "127.0.0.1", localAddress: from });
    socket.end("GET / HTTP/1.0\r\n\r\n");
    let text = "";
    for await (const part of socket) text += String(part);
    return text.split("\r\n\r\n")[1] ?? text;
  }

  /** The cookies of an answer to a request without any, on a connection of its own. */
  async cookie(index: number): Promise<Cookie> {
    const agent = new Agent();
    return new Promise((resolve, reject) => {
      const headers = { "x-key": "k" };
      let remote = "";
      const request = get({ port: this.port, host: "127.0.0.1", path: `/c${index}/`, headers, agent }, (response) => {
        const { statusCode = 0, headers: fields } = response.resume();
        const { "set-cookie": setCookie = [] } = fields;
        response.once("end", () => resolve({ status: statusCode, setCookie, remote, local: `127.0.0.1:${this.port}` }));
      });
      request.once("error", reject).once("socket", (socket) =>
        socket.once("connect", () => {
          remote = `127.0.0.1:${socket.localPort}`;
        }),
      );
    });
  }

  async stop(): Promise<void> {
    this.agent.destroy();
    await this.proxy.stop();
  }

  private ask(index: number, { fields = {}, query = "" }: HashRequest): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers = fields as Record<string, string | string[]>;
      const path = `/c${index}/${query}`;
      get({ port: this.port, host: "127.0.0.1", path, headers, agent: this.agent }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.once("end", () => resolve(response.statusCode === 200 ? text : String(response.statusCode)));
      }).once("error", reject);
    });
  }
}

interface Ports {
  readonly port: number;
  readonly adminPort: number;
  readonly tcpPort: number;
  readonly upstreamPort: number;
}

function fileOf(cases: readonly HashCase[], { port, adminPort, tcpPort, upstreamPort }: Ports): unknown {
  const routes = cases.map(({ hashPolicy = [{ header: { header_name: "x-key" } }], action }, i) => ({
    match: { prefix: `/c${i}/` },
    route: withName({ cluster: "SELF", hash_policy: hashPolicy, ...action }, `c${i}`),
  }));
  const manager = managerFilter({
    stat_prefix: "main",
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
  });
  return {
    admin: { address: socketAddress(adminPort) },
    static_resources: {
      listeners: [
        { name: "main", address: socketAddress(port), filter_chains: [{ filters: [manager] }] },
        { name: "tcp", address: socketAddress(tcpPort), filter_chains: [{ filters: [TCP_PROXY] }] },
      ],
      clusters: cases.map((one, i) => clusterOf(`c${i}`, one, upstreamPort)),
    },
  };
}

function clusterOf(name: string, { cluster, groups = [FIVE] }: HashCase, port: number): unknown {
  const endpoints = groups.map(({ more = {}, endpoints: members }) => ({
    ...more,
    lb_endpoints: Object.entries(members).map(([last, { hostname, isDead, ...rest }]) => ({
      endpoint: {
        address: socketAddress(isDead === true ? 1 : port, `127.0.0.${last}`),
        ...(hostname === undefined ? {} : { hostname }),
      },
      ...rest,
    })),
  }));
  return {
    name,
    type: "STATIC",
    connect_timeout: "5s",
    ...cluster,
    load_assignment: { cluster_name: name, endpoints },
  };
}

/** `SELF` is the case's own cluster. */
function withName(action: unknown, name: string): unknown {
  return JSON.parse(JSON.stringify(action).replaceAll('"SELF"', JSON.stringify(name))) as unknown;
}

const TCP_PROXY = {
  name: "tcp",
  typed_config: {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
    stat_prefix: "tcp",
    cluster: "c0",
    hash_policy: [{ source_ip: {} }],
  },
};
const FIVE: EndpointGroup = { endpoints: { 2: {}, 3: {}, 4: {}, 5: {}, 6: {} } };
