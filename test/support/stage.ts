// A running proxy with free ports and its admin page at hand: what tests of the whole program from outside stand on.
import { readFileSync } from "node:fs";
import { freePort, LiveProxy, type Program } from "./live-proxy.ts";
import { type ProxyFileOptions, proxyFile } from "./proxy-file.ts";

/** What a stage is made with; ports are its own business but for the upstream's. */
export type StageOptions = Omit<ProxyFileOptions, "port" | "adminPort"> & {
  /** Default starling. */
  readonly program?: Program;
  readonly flags?: readonly string[];
};

/** One proxy process. */
export class Stage {
  readonly port: number;
  readonly adminPort: number;
  private readonly proxy: LiveProxy;

  private constructor(proxy: LiveProxy, port: number, adminPort: number) {
    this.proxy = proxy;
    this.port = port;
    this.adminPort = adminPort;
  }

  /** Starts a proxy and waits until it is LIVE. */
  static async start(options: StageOptions): Promise<Stage> {
    const port = await freePort();
    const adminPort = await freePort([port]);
    const yaml = proxyFile({ ...options, port, adminPort });
    const proxy = await LiveProxy.start(options.program ?? "starling", yaml, adminPort, options.flags);
    return new Stage(proxy, port, adminPort);
  }

  get pid(): number {
    return this.proxy.pid;
  }

  /** The text of an admin page. */
  async admin(path: string, method: "GET" | "POST" = "GET"): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.adminPort}${path}`, { method })).text();
  }

  /** Counters and gauges by name. */
  async stats(): Promise<ReadonlyMap<string, number>> {
    const lines = (await this.admin("/stats")).split("\n").map((line) => line.split(": "));
    return new Map(
      lines.filter(([, value]) => /^\d+$/.test(value ?? "")).map(([name, value]) => [name ?? "", Number(value)]),
    );
  }

  /** One counter or gauge; throws when there is none of that name. */
  async stat(name: string): Promise<number> {
    const value = (await this.stats()).get(name);
    if (value === undefined) throw new Error(`/stats has no ${name}`);
    return value;
  }

  /** Waits until a condition over the counters holds; fails with the last values of what it names. */
  async until(met: (stats: ReadonlyMap<string, number>) => boolean, deadlineMs: number = 10_000): Promise<void> {
    for (const endMs = performance.now() + deadlineMs; ; ) {
      const stats = await this.stats();
      if (met(stats)) return;
      if (performance.now() > endMs) {
        const gauges = [...stats].filter(([name, value]) => value !== 0 && /_active|_pending|_open/.test(name));
        throw new Error(`never came true: ${met}; ${JSON.stringify(Object.fromEntries(gauges))}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Waits until no connection or request is open on either side. */
  untilIdle(deadlineMs?: number): Promise<void> {
    return this.until((stats) => OPEN_GAUGES.every((name) => stats.get(name) === 0), deadlineMs);
  }

  /** Resident memory of the process. */
  residentBytes(): number {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.pid}/status`, "latin1"))?.[1]) * 1024;
  }

  /** Calls of write and writev that the process has made so far, by the kernel's account. */
  writeCalls(): number {
    return Number(/syscw: (\d+)/.exec(readFileSync(`/proc/${this.pid}/io`, "latin1"))?.[1]);
  }

  /** Ends it; answers its exit code. */
  stop(): Promise<number | null> {
    return this.proxy.stop();
  }
}

/** Gauges that are 0 when nobody is connected and no request is under way. */
export const OPEN_GAUGES: readonly string[] = [
  "http.main.downstream_cx_active",
  "http.main.downstream_rq_active",
  "cluster.echo.upstream_rq_active",
  "cluster.echo.upstream_rq_pending_active",
];
