// One program on the clusters of test/golden/health with endpoints of its own that lie by a script, and what its admin pages and event
// logs showed over time. Called by health.full.test.ts.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goldenText, LiveProxy, PortMap, type Program } from "../support/live-proxy.ts";
import { type CheckKind, LyingEndpoint } from "../support/lying-endpoints.ts";
import { eventually } from "../support/nodes.ts";

/** How long it takes. */
export const SECONDS: number = 20;

/** The clusters of the captures: what checks each, and its port there. */
export const CLUSTERS: readonly (readonly [name: string, kind: CheckKind, port: number])[] = [
  ...["basic", "hang", "closed", "retriable", "noreuse", "opts", "svc", "first_fail", "edges", "imm", "degraded"].map(
    (name, index) => [`h_${name}`, "http", 21_601 + index] as const,
  ),
  ...["notraffic", "default", "reset", "succ"].map((name, index) => [`h_${name}`, "http", 21_612 + index] as const),
  ["t_plain", "tcp", 21_621],
  ["t_pong", "tcp", 21_622],
  ["g_svc", "grpc", 21_631],
  ["g_err", "grpc", 21_632],
  ["two", "http", 21_641],
];

/** One program with endpoints of its own, whose script begins with its first probe. */
export class HealthRun {
  readonly program: Program;
  private readonly folder: string = mkdtempSync(join(tmpdir(), "health-"));
  private readonly ports = new PortMap();
  private readonly endpoints = new Map<string, LyingEndpoint>();
  private readonly tracks = new Map<string, { readonly atMs: number; readonly value: string }[]>();
  private proxy: LiveProxy | null = null;
  private firstProbe = Promise.withResolvers<number>();

  private constructor(program: Program) {
    this.program = program;
  }

  /** Endpoints that listen. */
  static async begin(program: Program): Promise<HealthRun> {
    const run = new HealthRun(program);
    await run.ports.take(ADMIN, FRONT, ...CLUSTERS.map(([, , port]) => port));
    for (const [name, kind, port] of CLUSTERS) {
      const endpoint = new LyingEndpoint(kind, run.ports.get(port), () => run.firstProbe.resolve(performance.now()));
      await endpoint.listen();
      run.endpoints.set(name, endpoint);
    }
    return run;
  }

  /** Starts the program, lets the script happen while it looks, and ends it. */
  async play(): Promise<void> {
    for (const [seconds, cluster, word] of SCRIPT) if (seconds === 0) await this.obey(0, cluster, word);
    this.proxy = LiveProxy.launch(this.program, this.config());
    const live = this.proxy.live(this.ports.get(ADMIN));
    const beganMs = await Promise.race([this.firstProbe.promise, live.then(() => this.firstProbe.promise)]);
    await Promise.all([live, this.act(beganMs, live), this.watch(beganMs)]);
    // Its event logs are whole now.
    await this.proxy.stop();
    this.proxy = null;
  }

  async end(): Promise<void> {
    await this.proxy?.stop();
    for (const endpoint of this.endpoints.values()) await endpoint.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Names of the values of a cluster. */
  namesOf(cluster: string): string[] {
    return [...this.tracks.keys()].filter((name) => name.startsWith(`${cluster}.`));
  }

  /** What a value was at a time. */
  at(name: string, ms: number): string {
    return this.tracks.get(name)?.findLast(({ atMs }) => atMs <= ms)?.value ?? "not there";
  }

  /** What it was around a time; a counter that was looked at late was also each number that it went through. */
  around(name: string, ms: number): string[] {
    const inside = (this.tracks.get(name) ?? []).filter(({ atMs }) => Math.abs(atMs - ms) <= TOLERANCE_MS);
    const seen = [this.at(name, ms - TOLERANCE_MS), ...inside.map(({ value }) => value)];
    if (!COUNTER.test(name)) return [...new Set(seen)];
    const counts = seen.map(Number).filter((count) => !Number.isNaN(count));
    const [least, most] = [Math.min(...counts), Math.max(...counts)];
    const through = counts.length === 0 ? [] : Array.from({ length: most - least + 1 }, (_, i) => String(least + i));
    return [...new Set([...seen, ...through])];
  }

  /** Event lines without times and own ports, one for each run of equal ones: how many came until the end is chance. */
  events(cluster: string): string[] {
    const path = join(this.folder, cluster);
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    const plain = lines.map((line) =>
      line.replace(/"timestamp":"[^"]+Z"/, '"timestamp":"T"').replace(/"port_value":\d+/, '"port_value":0'),
    );
    return plain.filter((line, index) => line !== plain[index - 1]);
  }

  private async obey(seconds: number, cluster: string, word: string): Promise<void> {
    if (FRONTED.has(word)) {
      const answer = await fetch(`http://127.0.0.1:${this.ports.get(FRONT)}/${cluster}/${word.toLowerCase()}`);
      assert.equal(answer.status, 200, `${this.program} ${cluster}`);
      return;
    }
    const endpoint = this.endpoints.get(cluster);
    // A probe that is late is waited for: that of the same number hears the word first in both programs.
    const probes = probesBy(cluster, seconds);
    await eventually(() => endpoint === undefined || endpoint.probes >= probes, TOLERANCE_MS).catch(() => {});
    await endpoint?.say(word);
  }

  /** Lets the script happen: at each time all of it at once, and nothing before what stands above it. */
  private async act(beganMs: number, live: Promise<void>): Promise<void> {
    for (const [seconds, entries] of Map.groupBy(SCRIPT, ([at]) => at)) {
      if (seconds === 0) continue;
      await passing(beganMs + seconds * 1_000 - performance.now());
      if (entries.some(([, , word]) => FRONTED.has(word))) await live;
      const named = new Set(entries.map(([, cluster]) => cluster));
      const others = [...this.endpoints.keys()].filter((name) => !named.has(name));
      const orders = entries.flatMap(([, cluster, word]) =>
        (cluster === "*" ? others : [cluster]).map((name) => this.obey(seconds, name, word)),
      );
      await Promise.all(orders);
    }
  }

  private async watch(beganMs: number): Promise<void> {
    while (performance.now() < beganMs + SECONDS * 1_000 + TOLERANCE_MS) {
      // Probes come before the program is live; its admin page may not be there yet.
      await this.look(beganMs).catch(() => {});
      await passing(50);
    }
  }

  private async look(beganMs: number): Promise<void> {
    const admin = `http://127.0.0.1:${this.ports.get(ADMIN)}`;
    const stats = await (await fetch(`${admin}/stats?filter=${FILTER}`)).text();
    this.note(/^cluster\.(\w+\.\S+): (\d+)$/gm, stats, performance.now() - beganMs);
    const clusters = await (await fetch(`${admin}/clusters`)).text();
    this.note(/^(\w+)::[\d.:]+::health_flags::(\S+)$/gm, clusters, performance.now() - beganMs);
  }

  private note(pattern: RegExp, text: string, atMs: number): void {
    for (const [, name = "", value = ""] of text.matchAll(pattern)) {
      const full = name.includes(".") ? name : `${name}.flags`;
      const track = this.tracks.get(full) ?? [];
      if (track.at(-1)?.value !== value) track.push({ atMs, value });
      this.tracks.set(full, track);
    }
  }

  private config(): string {
    const clusters = goldenText("health/envoy.yaml")
      .replaceAll("/tmp/hcev-", `${this.folder}/`)
      .replaceAll(".log}", "}");
    const withDefault = clusters.replace(/event_log_path: (\S+)\.log$/gm, "event_log_path: $1");
    const sections = `admin: ${JSON.stringify({ address: this.address(ADMIN) })}\nstatic_resources:\n  listeners: ${JSON.stringify([this.front()])}`;
    return `${this.ports.apply(withDefault).replace("static_resources:", sections)}  - ${JSON.stringify(this.two())}\n`;
  }

  /** A cluster with two checks. */
  private two(): object {
    const rules = {
      timeout: "0.5s",
      interval: "1s",
      no_traffic_interval: "1s",
      unhealthy_threshold: 2,
      healthy_threshold: 2,
    };
    const log = { event_log_path: join(this.folder, "two"), always_log_health_check_failures: true };
    return {
      name: "two",
      type: "STATIC",
      load_assignment: {
        cluster_name: "two",
        endpoints: [{ lb_endpoints: [{ endpoint: { address: this.address(21_641) } }] }],
      },
      health_checks: [
        { name: "first", ...rules, ...log, http_health_check: { path: "/hc" } },
        { name: "second", ...rules, ...log, http_health_check: { path: "/hc-second" } },
      ],
    };
  }

  private address(port: number): object {
    return { socket_address: { address: "127.0.0.1", port_value: this.ports.get(port) } };
  }

  private front(): object {
    const routes = CLUSTERS.map(([cluster]) => ({ match: { prefix: `/${cluster}/` }, route: { cluster } }));
    const manager = {
      "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
      stat_prefix: "front",
      route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
      http_filters: [{ name: "router", typed_config: { "@type": ROUTER } }],
    };
    return {
      name: "front",
      address: this.address(FRONT),
      filter_chains: [{ filters: [{ name: "manager", typed_config: manager }] }],
    };
  }
}

function passing(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

/** What only grows, by one at a time. */
const COUNTER = /\.(attempt|success|failure|network_failure|passive_failure|verify_cluster)$/;

/** Probes that do not come in the script's first ten seconds: a time-out is waited for, the interval is longer, or nobody listens. */
const MISSING: ReadonlyMap<string, number> = new Map([
  ...["h_hang", "h_opts", "h_edges", "t_pong", "two"].map((name) => [name, 2] as const),
  ...["h_closed", "h_notraffic"].map((name) => [name, 6] as const),
]);

/** How many probes an endpoint has heard at a time of the script: one each second, two where there are two checks. */
function probesBy(cluster: string, seconds: number): number {
  if (seconds === 0 || cluster === "t_plain") return 0; // a connection alone says nothing
  const all = (Math.floor(seconds) + 1) * (cluster === "two" ? 2 : 1);
  return all - (seconds < 5 ? 0 : (MISSING.get(cluster) ?? 0));
}

/** Words that go through the program's own listener. */
const FRONTED: ReadonlySet<string> = new Set(["USE", "FAIL"]);
const FILTER = encodeURIComponent("^cluster\\..*(health_check\\.|membership_(healthy|degraded|excluded))");

/** Both programs drift against the clock, and the machine is busy: what one shows the other shows within this time. */
const TOLERANCE_MS = 900;

/** What happens, `*` to all that are not named then, by seconds after the first probe: away from the moments of probes, which come at whole ones. */
const SCRIPT: readonly (readonly [seconds: number, cluster: string, word: string])[] = [
  [0, "h_first_fail", "503"],
  [0, "h_svc", "svc:good"],
  [1.6, "h_edges", "USE"],
  [3.6, "h_basic", "503"],
  [3.6, "h_hang", "hang"],
  [3.6, "h_closed", "closed"],
  [3.6, "h_retriable", "500"],
  [3.6, "h_edges", "503"],
  [3.6, "h_degraded", "degraded"],
  [3.6, "h_default", "302"],
  [3.6, "h_reset", "reset"],
  [3.6, "h_svc", "svc:bad"],
  [3.6, "h_first_fail", "200"],
  [3.6, "h_noreuse", "garbage"],
  [3.6, "h_opts", "half"],
  [3.6, "h_succ", "flood"],
  [3.6, "t_plain", "closed"],
  [3.6, "t_pong", "bad"],
  [3.6, "g_svc", "NOT_SERVING"],
  [3.6, "g_err", "ERR_14"],
  [3.6, "two", "200/hang"],
  [9.7, "*", "200"],
  [9.7, "h_svc", "svc:good-2"],
  [12.7, "h_imm", "FAIL"],
  [12.7, "two", "FAIL"],
  [15.7, "two", "degraded/200"],
  [15.7, "h_default", "degraded"],
  [15.7, "h_degraded", "reset"],
  [15.7, "h_retriable", "404"],
  [15.7, "g_svc", "HANG"],
  [15.7, "g_err", "SERVICE_UNKNOWN"],
];

const [ADMIN, FRONT] = [21_600, 21_699];
