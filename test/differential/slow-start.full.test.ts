// An endpoint passes its first check while another one serves: its share of the requests, part by part of the window, through the real
// Envoy and through Starling.
import assert from "node:assert/strict";
import { Agent, createServer, get, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { before, describe, it } from "mocha";
import { envoyInstalled, freePort, LiveProxy, type Program } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { managerFilter } from "../support/proxy-file.ts";

const WINDOW_MS = 4_000;
const PARTS = 4;
const STEP_MS = 4;
/** Chance decides who begins, and a verdict takes its way. */
const TOLERANCE = 0.08;
const NONE = { share: 0, requests: 0 };

const start = (more: Readonly<Record<string, unknown>> = {}): unknown => ({
  slow_start_config: { slow_start_window: `${WINDOW_MS / 1_000}s`, ...more },
});
/** Whose factor at a part of the window is this. */
interface Case {
  readonly name: string;
  readonly cluster: Readonly<Record<string, unknown>>;
  readonly factor: (part: number) => number;
}
const CASES: readonly Case[] = [
  { name: "round robin", cluster: { round_robin_lb_config: start() }, factor: (part) => Math.max(part, 0.1) },
  {
    name: "least request",
    cluster: { lb_policy: "LEAST_REQUEST", least_request_lb_config: start() },
    factor: (part) => Math.max(part, 0.1),
  },
  {
    name: "aggressive",
    cluster: { round_robin_lb_config: start({ aggression: { default_value: 3, runtime_key: "pace" } }) },
    factor: (part) => part ** (1 / 3),
  },
  {
    name: "half at least",
    cluster: { round_robin_lb_config: start({ min_weight_percent: { value: 50 } }) },
    factor: (part) => Math.max(part, 0.5),
  },
];

describe("slow start, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  let shares: Readonly<Record<Program, readonly (readonly Share[])[]>>;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    shares = await measure();
  });

  for (const [index, { name, factor }] of CASES.entries()) {
    it(`gives a new endpoint its share part by part: ${name}`, () => {
      for (let part = 0; part < PARTS; part++) {
        const expected = meanShare(factor, part / PARTS, (part + 1) / PARTS);
        const [theirs, ours] = [shares.envoy[index]?.[part] ?? NONE, shares.starling[index]?.[part] ?? NONE];
        const said = `part ${part}: ${sayShare(ours)} here, ${sayShare(theirs)} in Envoy, ${expected} expected`;
        assert.ok(Math.min(ours.requests, theirs.requests) >= 10, said);
        assert.ok(isNear(ours, theirs.share, 1 / theirs.requests) && isNear(ours, expected, 0), said);
      }
    });
  }
});

interface Share {
  readonly share: number;
  readonly requests: number;
}

/** Requests are whole: a share of few of them is no nearer than one of them, whatever a machine is busy with. */
function isNear({ share, requests }: Share, expected: number, roundedBy: number): boolean {
  return Math.abs(share - expected) <= TOLERANCE + 1 / requests + roundedBy;
}

function sayShare({ share, requests }: Share): string {
  return `${share} of ${requests}`;
}

/** What a host of weight 1 and this factor has beside one of weight 1. */
function meanShare(factor: (part: number) => number, from: number, to: number): number {
  const points = Array.from({ length: 100 }, (_, i) => factor(from + ((to - from) * (i + 0.5)) / 100));
  return points.reduce((sum, f) => sum + f / (1 + f), 0) / points.length;
}

async function measure(): Promise<Readonly<Record<Program, readonly (readonly Share[])[]>>> {
  const state = { isUp: false };
  /** When the new endpoint first passed a check, by what was asked: there a window begins. */
  const passed = new Map<string, number>();
  const isUp = (check: string): boolean => {
    if (state.isUp && !passed.has(check)) passed.set(check, performance.now());
    return state.isUp;
  };
  const servers = [await serve("old", () => true), await serve("new", isUp)];
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  const rooms = { envoy: await room("envoy", ports), starling: await room("starling", ports) };
  try {
    await new Promise((resolve) => setTimeout(resolve, WINDOW_MS + 500)); // the old one's own start is over
    state.isUp = true;
    const [envoy, starling] = await Promise.all([sharesOf(rooms.envoy, passed), sharesOf(rooms.starling, passed)]);
    return { envoy, starling };
  } finally {
    await Promise.all([rooms.envoy.proxy.stop(), rooms.starling.proxy.stop()]);
    for (const server of servers) server.close();
  }
}

interface Room {
  readonly program: Program;
  readonly proxy: LiveProxy;
  readonly port: number;
}

async function room(program: Program, ports: readonly number[]): Promise<Room> {
  const port = await freePort();
  const adminPort = await freePort([port]);
  const proxy = await LiveProxy.start(program, JSON.stringify(fileOf(program, port, adminPort, ports)), adminPort);
  // Somebody has to ask before a cluster's endpoints are looked at.
  const agent = new Agent({ keepAlive: true });
  await Promise.all(CASES.map((_, i) => answer(port, i, agent)));
  agent.destroy();
  return { program, proxy, port };
}

function sharesOf({ program, port }: Room, passed: ReadonlyMap<string, number>): Promise<Share[][]> {
  const agent = new Agent({ keepAlive: true });
  const one = async (index: number): Promise<Share[]> => {
    const check = checkPath(program, index);
    await eventually(() => passed.has(check));
    const began = passed.get(check) ?? 0;
    const all = new Array<number>(PARTS).fill(0);
    const fresh = new Array<number>(PARTS).fill(0);
    for (;;) {
      const part = Math.floor(((performance.now() - began) * PARTS) / WINDOW_MS);
      if (part >= PARTS) break;
      all[part] = (all[part] ?? 0) + 1;
      if ((await answer(port, index, agent)) === "new") fresh[part] = (fresh[part] ?? 0) + 1;
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
    return fresh.map((count, part) => ({ share: count / (all[part] ?? 1), requests: all[part] ?? 0 }));
  };
  return Promise.all(CASES.map((_, i) => one(i))).finally(() => agent.destroy());
}

function answer(port: number, index: number, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, host: "127.0.0.1", path: `/c${index}/`, agent }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.once("end", () => resolve(text));
    }).once("error", reject);
  });
}

async function serve(name: string, isUp: (check: string) => boolean): Promise<Server> {
  const server = createServer(({ url = "" }, response) => {
    const isWell = !url.startsWith("/healthz/") || isUp(url);
    response.writeHead(isWell ? 200 : 503, { "content-length": name.length }).end(name);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** What each cluster's checks ask for: an endpoint knows whose they are. */
function checkPath(program: Program, index: number): string {
  return `/healthz/${program}/${index}`;
}

function fileOf(program: Program, port: number, adminPort: number, ports: readonly number[]): unknown {
  const routes = CASES.map((_, i) => ({ match: { prefix: `/c${i}/` }, route: { cluster: `c${i}` } }));
  const routeConfig = { virtual_hosts: [{ name: "all", domains: ["*"], routes }] };
  const manager = managerFilter({ stat_prefix: "main", route_config: routeConfig });
  const check = { timeout: "1s", interval: "0.1s", unhealthy_threshold: 1, healthy_threshold: 1 };
  const clusters = CASES.map(({ cluster }, i) => ({
    name: `c${i}`,
    ...cluster,
    health_checks: [{ ...check, no_traffic_interval: "0.1s", http_health_check: { path: checkPath(program, i) } }],
    load_assignment: {
      cluster_name: `c${i}`,
      endpoints: [{ lb_endpoints: ports.map((one) => ({ endpoint: { address: socketAddress(one) } })) }],
    },
  }));
  return {
    admin: { address: socketAddress(adminPort) },
    static_resources: {
      listeners: [{ name: "main", address: socketAddress(port), filter_chains: [{ filters: [manager] }] }],
      clusters,
    },
  };
}

function socketAddress(port: number): unknown {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}
