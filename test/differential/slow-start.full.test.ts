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
/** Requests of a part that say something; where a machine is too busy for them in one window, a new proxy has another one. */
const ENOUGH = 10;
const WINDOWS_MAX = 5;
/** Chance decides who begins. */
const TOLERANCE = 0.08;
const NONE: Share = { share: 0, least: 0, most: 0, requests: 0 };

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
  this.timeout(240_000);
  let shares: Readonly<Record<Program, readonly (readonly Share[])[]>>;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    shares = await measure();
  });

  for (const [index, { name }] of CASES.entries()) {
    it(`gives a new endpoint its share part by part: ${name}`, () => {
      for (let part = 0; part < PARTS; part++) {
        const [theirs, ours] = [shares.envoy[index]?.[part] ?? NONE, shares.starling[index]?.[part] ?? NONE];
        const said = `part ${part}: ${sayShare(ours)} here, ${sayShare(theirs)} in Envoy`;
        assert.ok(Math.min(ours.requests, theirs.requests) >= ENOUGH, said);
        const apart = TOLERANCE + 1 / ours.requests + 1 / theirs.requests;
        assert.ok(isNear(ours, TOLERANCE + 1 / ours.requests) && areAlike(ours, theirs, apart), said);
      }
    });
  }
});

interface Share {
  readonly share: number;
  /** Within which it is expected, by when its requests were on their way and when the window can have begun. */
  readonly least: number;
  readonly most: number;
  readonly requests: number;
}

/** Requests are whole: a share of few of them is no nearer than one of them, whatever a machine is busy with. */
function isNear({ share, least, most }: Share, apart: number): boolean {
  return share >= least - apart && share <= most + apart;
}

/** Whether two differ by no more than what is expected of them. */
function areAlike(ours: Share, theirs: Share, apart: number): boolean {
  const gap = ours.share - theirs.share;
  return gap >= ours.least - theirs.most - apart && gap <= ours.most - theirs.least + apart;
}

function sayShare({ share, least, most, requests }: Share): string {
  return `${share} of ${requests} for ${least} to ${most}`;
}

/** What a host of weight 1 has beside another one when so much of its window is over; before it has begun: nothing. */
function shareAt(factor: Case["factor"], elapsedMs: number): number {
  const f = elapsedMs < 0 ? 0 : factor(Math.min(elapsedMs / WINDOW_MS, 1));
  return f / (1 + f);
}

async function measure(): Promise<Readonly<Record<Program, readonly (readonly Share[])[]>>> {
  const stage = new NewEndpoint();
  const servers = [await serve("old", () => true), await serve("new", (check) => stage.isUp(check))];
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  try {
    // One after the other: they would take requests from each other.
    const envoy = await sharesOf("envoy", ports, stage);
    return { envoy, starling: await sharesOf("starling", ports, stage) };
  } finally {
    for (const server of servers) server.close();
  }
}

/** The endpoint that comes: for whom it is up, and since when. */
class NewEndpoint {
  /** When it first passed a check, by what was asked: no window begins before. */
  readonly passed: Map<string, number> = new Map();
  private program: Program | null = null;

  /** From now on it is up for this program, null: for none. */
  comesTo(program: Program | null): void {
    this.program = program;
    this.passed.clear();
  }

  isUp(check: string): boolean {
    const isWell = this.program !== null && check.startsWith(checkPath(this.program));
    if (isWell && !this.passed.has(check)) this.passed.set(check, performance.now());
    return isWell;
  }
}

interface Room {
  readonly program: Program;
  readonly proxy: LiveProxy;
  readonly port: number;
  readonly adminPort: number;
}

/** One request: whether the new endpoint answered it, and the share that it had when it was picked, at least and at most. */
interface Asked {
  readonly isNew: boolean;
  readonly least: number;
  readonly most: number;
}

async function room(program: Program, ports: readonly number[]): Promise<Room> {
  const port = await freePort();
  const adminPort = await freePort([port]);
  const proxy = await LiveProxy.start(program, JSON.stringify(fileOf(program, port, adminPort, ports)), adminPort);
  // Somebody has to ask before a cluster's endpoints are looked at.
  const agent = new Agent({ keepAlive: true });
  await Promise.all(CASES.map((_, i) => answer(port, i, agent)));
  agent.destroy();
  return { program, proxy, port, adminPort };
}

async function sharesOf(program: Program, ports: readonly number[], endpoint: NewEndpoint): Promise<Share[][]> {
  const all: Asked[][][] = CASES.map(() => Array.from({ length: PARTS }, () => []));
  const isEnough = (): boolean => all.flat().every(({ length }) => length >= ENOUGH);
  for (let windows = 0; windows < WINDOWS_MAX && !isEnough(); windows++) {
    const fresh = await room(program, ports);
    try {
      await new Promise((resolve) => setTimeout(resolve, WINDOW_MS + 500)); // the old one's own start is over
      endpoint.comesTo(program);
      const found = await Promise.all(CASES.map((one, index) => askWindow(fresh, one, index, endpoint)));
      for (const [index, parts] of found.entries()) {
        for (const [part, asked] of parts.entries()) all[index]?.[part]?.push(...asked);
      }
    } finally {
      endpoint.comesTo(null);
      await fresh.proxy.stop();
    }
  }
  return all.map((parts) => parts.map(shareOf));
}

/** Asks all through a case's next window; what came of each part. */
async function askWindow(room: Room, { factor }: Case, index: number, { passed }: NewEndpoint): Promise<Asked[][]> {
  const agent = new Agent({ keepAlive: true });
  const check = checkPath(room.program, index);
  await eventually(() => passed.has(check));
  const beganMs = passed.get(check) ?? 0;
  // Between these two it has begun: when it passed a check, and when the proxy's page says so.
  const known = untilWell(room.adminPort, index);
  const parts = Array.from({ length: PARTS }, (): { sentMs: number; answeredMs: number; isNew: boolean }[] => []);
  for (;;) {
    const sentMs = performance.now();
    const part = parts[Math.floor(((sentMs - beganMs) * PARTS) / WINDOW_MS)];
    if (part === undefined) break;
    const isNew = (await answer(room.port, index, agent)) === "new";
    part.push({ sentMs, answeredMs: performance.now(), isNew });
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  agent.destroy();
  const knownMs = await known;
  return parts.map((asked) =>
    asked.map(({ sentMs, answeredMs, isNew }) => {
      return { isNew, least: shareAt(factor, sentMs - knownMs), most: shareAt(factor, answeredMs - beganMs) };
    }),
  );
}

/** Waits until both endpoints of a case are well by a proxy's page; when it said so. */
async function untilWell(adminPort: number, index: number): Promise<number> {
  const gauge = `cluster.c${index}.membership_healthy`;
  await eventually(async () => {
    const stats = await fetch(`http://127.0.0.1:${adminPort}/stats?filter=^${gauge}$`);
    return (await stats.text()).trim() === `${gauge}: 2`;
  });
  return performance.now();
}

function shareOf(asked: readonly Asked[]): Share {
  const mean = (of: (one: Asked) => number): number =>
    asked.reduce((sum, one) => sum + of(one), 0) / Math.max(asked.length, 1);
  return {
    share: mean(({ isNew }) => Number(isNew)),
    least: mean(({ least }) => least),
    most: mean(({ most }) => most),
    requests: asked.length,
  };
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
function checkPath(program: string, index?: number): string {
  return `/healthz/${program}/${index ?? ""}`;
}

function fileOf(program: Program, port: number, adminPort: number, ports: readonly number[]): unknown {
  const routes = CASES.map((_, i) => ({ match: { prefix: `/c${i}/` }, route: { cluster: `c${i}` } }));
  const routeConfig = { virtual_hosts: [{ name: "all", domains: ["*"], routes }] };
  const manager = managerFilter({ stat_prefix: "main", route_config: routeConfig });
  const check = { timeout: "10s", interval: "0.1s", unhealthy_threshold: 1, healthy_threshold: 1 };
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
