// Processes of the program in one mesh, on one file, with endpoints that count who probes them: for scenarios with real brokers and signals.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { CheckedUpstream } from "./checked-upstream.ts";
import { endpointAt, staticCluster } from "./file-parts.ts";
import { freePort, LiveProxy } from "./live-proxy.ts";
import { besideSleeper } from "./machine-late.ts";
import { eventually } from "./nodes.ts";
import { proxyFile } from "./proxy-file.ts";
import { SteadyLoad } from "./steady-load.ts";

/** From one probe of an endpoint to the next. */
export const INTERVAL_MS = 1_000;
/** Of a load on one node: fewer say nothing. */
const ANSWERS_MIN = 100;
/** Of each connection of a load: who leaves no processor free measures how late all are, not how soon they act. */
const LOAD_PAUSE_MS = 5;

/** A check with this interval, with traffic or without: three failures, two passes. What it finds stands in a file. */
function checkEvery(intervalS: number, event_log_path: string): object {
  const interval = `${intervalS}s`;
  return {
    timeout: "0.5s",
    interval,
    no_traffic_interval: interval,
    unhealthy_threshold: 3,
    healthy_threshold: 2,
    http_health_check: { path: "/livez" },
    event_logger: [{ name: "file", typed_config: { "@type": EVENT_SINK, event_log_path } }],
  };
}

/** One process. */
export class MeshProcess {
  readonly name: string;
  readonly proxy: LiveProxy;
  readonly port: number;
  private readonly adminPort: number;

  constructor(name: string, proxy: LiveProxy, ports: { readonly port: number; readonly adminPort: number }) {
    this.name = name;
    this.proxy = proxy;
    this.port = ports.port;
    this.adminPort = ports.adminPort;
  }

  /** An admin page. */
  async page(path: string): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.adminPort}${path}`)).text();
  }

  async stat(name: string): Promise<number> {
    return Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(await this.page(`/stats?filter=${name}`))?.[1]);
  }

  /** Whether it has an endpoint out. */
  async hasOut({ port }: CheckedUpstream): Promise<boolean> {
    return new RegExp(`:${port}::health_flags::.*failed_active_hc`).test(await this.page("/clusters"));
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.proxy.pid, signal);
  }
}

/** Flags of a node, and variables in its environment. */
export interface MeshProcessOptions {
  readonly flags: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Its process runs; it does not serve yet. */
  onStart?(pid: number, name: string): void;
}

/** All of them, with their endpoints. */
export class MeshProcesses {
  readonly nodes: MeshProcess[] = [];
  readonly upstreams: CheckedUpstream[] = [];
  /** Processes that do not serve yet: when one of many fails, the others have to end, too. */
  private readonly starting = new Set<LiveProxy>();
  private isOver = false;
  private readonly loads: SteadyLoad[] = [];
  private readonly intervalS: number;
  private readonly folder = mkdtempSync(join(tmpdir(), "mesh-"));

  /** `intervalS`: from one probe to the next; what counts probes goes by the default. */
  constructor(intervalS: number = INTERVAL_MS / 1_000) {
    this.intervalS = intervalS;
  }

  /** So many nodes with these flags, and endpoints that pass; they have found each other. */
  async start(nodes: number, endpoints: number, flags: readonly string[]): Promise<void> {
    await this.open(endpoints);
    // One after another: on two cores they would all be late together.
    for (let i = 0; i < nodes; i++) await this.join(`n${i}`, { flags });
    await eventually(async () => (await this.nodeCounts()).every((count) => count === nodes));
  }

  /** Endpoints that pass. */
  async open(endpoints: number): Promise<void> {
    for (let i = 0; i < endpoints; i++) {
      this.upstreams.push(await CheckedUpstream.start(`endpoint ${i}`, 200, await freePort()));
    }
  }

  /** One more node; it serves. */
  async join(name: string, options: MeshProcessOptions): Promise<MeshProcess> {
    const node = await this.launch(name, options);
    this.nodes.push(node);
    return node;
  }

  /** Ends all, those that still start as well; none starts after it. */
  async stop(): Promise<void> {
    this.isOver = true;
    for (const load of this.loads.splice(0)) load.stop();
    await Promise.all([...this.starting, ...this.nodes.map(({ proxy }) => proxy)].map((proxy) => proxy.stop()));
    await Promise.all(this.upstreams.map((upstream) => upstream.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** How many nodes each of them sees, itself included. */
  nodeCounts(): Promise<number[]> {
    return Promise.all(this.nodes.map((node) => node.stat("mesh.nodes")));
  }

  /** On how many of them an endpoint is out. */
  async outOn(upstream: CheckedUpstream): Promise<number> {
    return (await Promise.all(this.nodes.map((node) => node.hasOut(upstream)))).filter((isOut) => isOut).length;
  }

  /**
   * Once one node has an endpoint out, for the first time, all have, within this and as long as the machine itself lets a thread wait: by
   * the times that they write down, for who asks them in turn under load is late himself.
   */
  async areToldWithin(upstream: CheckedUpstream, ms: number): Promise<void> {
    await besideSleeper(async (lateMs) => {
      let outMs: number[] = [];
      await eventually(() => {
        outMs = this.nodes.flatMap((node) => this.outMs(node, upstream));
        return outMs.length >= this.nodes.length;
      });
      const tookMs = Math.max(...outMs) - Math.min(...outMs);
      assert.equal(outMs.length, this.nodes.length, "out once on each");
      assert.equal(await this.outOn(upstream), this.nodes.length);
      assert.ok(tookMs <= ms + lateMs(), `${tookMs} ms, the machine was late by up to ${lateMs()} ms`);
    });
  }

  /** From now on probes count anew. */
  forgetProbes(): void {
    for (const upstream of this.upstreams) upstream.forgetProbes();
  }

  /** The longest that an endpoint waited for a probe since then. */
  longestGapMs(): number {
    return Math.max(...this.upstreams.map(({ longestGapMs }) => longestGapMs));
  }

  /** Waits until each endpoint is probed from so many nodes. */
  async untilProbedBy(count: number): Promise<void> {
    await eventually(async () => {
      this.forgetProbes();
      await waitMs(1.5 * INTERVAL_MS);
      return this.upstreams.every(({ probers }) => probers.size === count);
    });
  }

  /** Each endpoint is probed from so many nodes, by each of them once an interval. */
  async areProbedBy(count: number): Promise<void> {
    this.forgetProbes();
    const beganMs = systemClock.nowMs();
    await waitMs(4 * INTERVAL_MS);
    // Who is late has seen more.
    const intervals = (systemClock.nowMs() - beganMs) / INTERVAL_MS;
    const seen = this.upstreams.map(({ probers, probes }) => ({ probers: probers.size, probes }));
    for (const { probers, probes } of seen) {
      assert.equal(probers, count, JSON.stringify(seen));
      assert.ok(Math.abs(probes - count * intervals) <= count, JSON.stringify(seen));
    }
  }

  /** Load on these nodes while it acts, and until it was one: every request is answered by 200. */
  async underLoad(among: readonly MeshProcess[], act: () => Promise<void>): Promise<void> {
    for (const { port } of among) this.loads.push(new SteadyLoad(port, 2, LOAD_PAUSE_MS));
    await act();
    await eventually(() => this.loads.every(({ answered }) => answered > ANSWERS_MIN));
    const loads = this.loads.splice(0);
    await Promise.all(loads.map((load) => load.finish()));
    for (const { lost, wrong } of loads) assert.deepEqual({ lost, wrong }, { lost: 0, wrong: 0 });
  }

  /** When a node put an endpoint out, by its own clock, each time. */
  private outMs({ name }: MeshProcess, { port }: CheckedUpstream): number[] {
    const path = this.eventsOf(name);
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
    const events = lines.map((line) => JSON.parse(line) as EventLine);
    const outs = events.filter(
      ({ host, eject_unhealthy_event }) =>
        eject_unhealthy_event !== undefined && host.socket_address.port_value === port,
    );
    return outs.map(({ timestamp }) => Date.parse(timestamp));
  }

  private eventsOf(name: string): string {
    return join(this.folder, `${name}.events`);
  }

  private async launch(name: string, { flags, environment, onStart }: MeshProcessOptions): Promise<MeshProcess> {
    const port = await freePort();
    const adminPort = await freePort([port]);
    if (this.isOver) throw new Error(`${name} was to start when all had ended`);
    const endpoints = this.upstreams.map((upstream) => endpointAt(upstream.port));
    const cluster = {
      ...staticCluster("echo", ...endpoints),
      health_checks: [checkEvery(this.intervalS, this.eventsOf(name))],
    };
    const file = proxyFile({ port, adminPort, upstreamPort: 1, cluster });
    const proxy = LiveProxy.launch("starling", file, [...flags, "--mesh-node", name], environment);
    this.starting.add(proxy);
    try {
      onStart?.(proxy.pid, name);
      await proxy.live(adminPort);
    } finally {
      this.starting.delete(proxy);
    }
    return new MeshProcess(name, proxy, { port, adminPort });
  }
}

/** Lets time pass that nothing else tells of: an interval of the processes. */
export function waitMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What is read of a line of a health check's event log. */
interface EventLine {
  readonly host: { readonly socket_address: { readonly port_value: number } };
  readonly timestamp: string;
  readonly eject_unhealthy_event?: object;
}

const EVENT_SINK = "type.googleapis.com/envoy.extensions.health_check.event_sinks.file.v3.HealthCheckEventFileSink";
