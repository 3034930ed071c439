// A proxy in front of endpoints that say who they are, with a route and a cluster of its own for each case: what tests of hashing stand
// on. The endpoints are addresses of one server, so that several proxies have the same ones.
import { Agent, createServer, get, type Server } from "node:http";
import type { AddressInfo } from "node:net";
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
  /** More fields of the route action. */
  readonly action?: Readonly<Record<string, unknown>>;
}

/** One LocalityLbEndpoints. */
export interface EndpointGroup {
  readonly more?: Readonly<Record<string, unknown>>;
  /** Last byte of each endpoint's address, with more of its fields. */
  readonly endpoints: Readonly<Record<number, Readonly<Record<string, unknown>>>>;
}

/** A request: its fields, and what follows the path of the case. */
export interface HashRequest {
  readonly fields?: Readonly<Record<string, string | readonly string[]>>;
  readonly query?: string;
}

/** A server that answers on every address of 127.0.0.0/8 with the address it was asked by. */
export async function addressServer(): Promise<Server> {
  const server = createServer(({ socket }, response) => {
    const address = socket.localAddress ?? "";
    response.writeHead(200, { "content-length": address.length }).end(address);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
  return server;
}

/** One proxy. */
export class HashRoom {
  private readonly port: number;
  private readonly proxy: LiveProxy;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 8 });

  private constructor(proxy: LiveProxy, port: number) {
    this.proxy = proxy;
    this.port = port;
  }

  /** Starts a program with these cases in front of the server. */
  static async start(program: Program, cases: readonly HashCase[], server: Server): Promise<HashRoom> {
    const port = await freePort();
    const adminPort = await freePort([port]);
    const upstreamPort = (server.address() as AddressInfo).port;
    const file = fileOf(cases, { port, adminPort, upstreamPort });
    return new HashRoom(await LiveProxy.start(program, JSON.stringify(file), adminPort), port);
  }

  /** The endpoint that answers each request of a case, or the status of who answers else. */
  async endpoints(index: number, requests: readonly HashRequest[]): Promise<string[]> {
    return Promise.all(requests.map((request) => this.ask(index, request)));
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
  readonly upstreamPort: number;
}

function fileOf(cases: readonly HashCase[], { port, adminPort, upstreamPort }: Ports): unknown {
  const routes = cases.map(({ hashPolicy = [{ header: { header_name: "x-key" } }], action }, i) => ({
    match: { prefix: `/c${i}/` },
    route: { cluster: `c${i}`, hash_policy: hashPolicy, ...action },
  }));
  const manager = managerFilter({
    stat_prefix: "main",
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
  });
  return {
    admin: { address: socketAddress("127.0.0.1", adminPort) },
    static_resources: {
      listeners: [{ name: "main", address: socketAddress("127.0.0.1", port), filter_chains: [{ filters: [manager] }] }],
      clusters: cases.map((one, i) => clusterOf(`c${i}`, one, upstreamPort)),
    },
  };
}

function clusterOf(name: string, { cluster, groups = [FIVE] }: HashCase, port: number): unknown {
  const endpoints = groups.map(({ more = {}, endpoints: members }) => ({
    ...more,
    lb_endpoints: Object.entries(members).map(([last, { hostname, ...rest }]) => ({
      endpoint: { address: socketAddress(`127.0.0.${last}`, port), ...(hostname === undefined ? {} : { hostname }) },
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

function socketAddress(address: string, port: number): unknown {
  return { socket_address: { address, port_value: port } };
}

const FIVE: EndpointGroup = { endpoints: { 2: {}, 3: {}, 4: {}, 5: {}, 6: {} } };
