// `starling demo`: the proxies and services of a layout, on loopback, as real processes from real files. Prints what to try; ends
// everything it started on Ctrl-C or SIGTERM.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../base/clock.ts";
import { DrivenWheel } from "../../base/driven-wheel.ts";
import { configUrl, launcherUrl } from "../../base/location.ts";
import { stayAlive } from "../../base/stay-alive.ts";
import { Timer } from "../../base/timer-wheel.ts";
import { holdName, type ReleaseName } from "../../net/name-hold.ts";
import { isListening } from "../../net/probe.ts";
import type { AddressProbes } from "../addresses.ts";
import { choosePorts, takenText } from "./choose-ports.ts";
import { type DemoChild, startChild } from "./demo-child.ts";
import { type DemoLayout, type DemoProxy, type DemoService, fileName, fileText, portsOf } from "./layout.ts";

/** Runs until a signal comes; sets the exit code. `probes` look whether an address is free. */
export async function demo(layout: DemoLayout, probes: AddressProbes): Promise<void> {
  const release = await holdTurn();
  const ports = await choosePorts(portsOf(layout), probes);
  const run = new DemoRun(layout, ports);
  const asked = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, resolve);
  }).then(() => "asked" as const);
  const startedMs = systemClock.nowMs();
  process.stdout.write(`${layout.intro}\n${takenText(ports)}`);
  run.start();
  const outcome = await Promise.race([asked, run.ready()]);
  release();
  if (outcome === "ready") {
    process.stdout.write(run.guide((systemClock.nowMs() - startedMs) / 1000));
    await asked;
  }
  await run.stop();
  if (outcome !== "failed") process.stdout.write("Everything ended; nothing is left running.\n");
  process.exitCode = outcome === "failed" ? 1 : 0;
}

/** Two that start at once would choose the same ports: one waits until the other's are bound. */
async function holdTurn(): Promise<ReleaseName> {
  const wheel = new DrivenWheel(systemClock);
  const letGo = stayAlive();
  let hasTold = false;
  for (;;) {
    const release = await holdName(TURN);
    if (release !== null) {
      wheel.stop();
      letGo();
      return release;
    }
    if (!hasTold) process.stdout.write("Another demo is starting on this machine: this one waits for it …\n");
    hasTold = true;
    await new Promise<void>((resolve) => wheel.arm(new Timer(resolve), TURN_POLL_MS));
  }
}

/** One run of the demo. */
class DemoRun {
  private readonly layout: DemoLayout;
  private readonly ports: ReadonlyMap<number, number>;
  private readonly folder: string = mkdtempSync(join(tmpdir(), "starling-demo-"));
  private readonly wheel: DrivenWheel = new DrivenWheel(systemClock);
  private readonly children: DemoChild[] = [];
  private stopping = false;
  private readyCount = 0;
  private died: () => void = () => {};

  constructor(layout: DemoLayout, ports: ReadonlyMap<number, number>) {
    this.layout = layout;
    this.ports = ports;
  }

  start(): void {
    for (const service of this.layout.services) this.keep(this.startService(service));
    for (const proxy of this.layout.proxies) if (!proxy.waits) this.keep(this.startProxy(proxy));
  }

  /** Ready when every proxy is; failed when a child dies before, or after a minute. */
  ready(): Promise<"ready" | "failed"> {
    const late = new Timer(() => {
      process.stderr.write(`demo: not everything was ready within ${READY_MS_MAX / 1_000} s\n`);
      this.died();
    });
    const failed = new Promise<"failed">((resolve) => {
      this.died = () => resolve("failed");
      this.wheel.arm(late, READY_MS_MAX);
    });
    const ready = this.startWaiting().then(() => {
      this.wheel.remove(late);
      return "ready" as const;
    });
    return Promise.race([ready, failed]);
  }

  /** What a reader can type. */
  guide(seconds: number): string {
    const { folder } = this;
    const port = (documented: number): number => this.port(documented);
    const pid = (title: string): number => this.children.find((child) => child.title === title)?.process.pid ?? 0;
    const lines = this.layout.guide({ seconds: seconds.toFixed(1), folder, port, pid });
    return [...lines, "", `The files it runs from: ${folder}`, "Ctrl-C ends it.", ""].join("\n");
  }

  /** Ends every child and removes the files. */
  async stop(): Promise<void> {
    this.stopping = true;
    const gone = Promise.all(this.children.map(({ ended }) => ended));
    for (const { process: child } of this.children) child.kill("SIGTERM");
    const deadline = new Timer(() => {
      for (const { process: child } of this.children) child.kill("SIGKILL");
    });
    this.wheel.arm(deadline, STOP_MS_MAX);
    await gone;
    this.wheel.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Starts the proxies that wait when the others are ready and all services listen; resolves when all proxies are ready. */
  private async startWaiting(): Promise<void> {
    const { proxies, services } = this.layout;
    const others = proxies.filter(({ waits }) => !waits).map((proxy) => this.untilReady(proxy));
    await Promise.all([...others, ...services.map((service) => this.untilListens(service))]);
    if (this.stopping) return;
    const waiting = proxies.filter(({ waits }) => waits);
    for (const proxy of waiting) this.keep(this.startProxy(proxy));
    await Promise.all(waiting.map((proxy) => this.untilReady(proxy)));
  }

  private startService(service: DemoService): DemoChild {
    const own = service.args(this.port(service.port), (documented) => this.port(documented));
    const show = (text: string): void => void process.stdout.write(text);
    return startChild(service.title, [fileURLToPath(service.program), ...own], service.isShown ? show : () => {});
  }

  private startProxy(proxy: DemoProxy): DemoChild {
    const path = join(this.folder, fileName(proxy.title));
    writeFileSync(path, fileText(readFileSync(configUrl(proxy.file), "utf8"), proxy, this.ports));
    const flags = ["-c", path, "--concurrency", String(proxy.workers), "-l", "error"];
    const names = ["--service-cluster", "demo", "--service-node", proxy.title];
    const more = proxy.flags((documented) => this.port(documented));
    return startChild(proxy.title, [fileURLToPath(launcherUrl), ...flags, ...names, ...more], (text) =>
      process.stdout.write(text),
    );
  }

  private keep(child: DemoChild): void {
    this.children.push(child);
    // A Ctrl-C reaches the children before us at times: wait a little before calling it a death.
    void child.ended.then(async (how) => {
      await this.pause(SIGNAL_RACE_MS);
      if (this.stopping) return;
      process.stderr.write(`demo: the ${child.title} ended by itself (${how})\n`);
      this.died();
    });
  }

  private async untilReady(proxy: DemoProxy): Promise<void> {
    while (!this.stopping) {
      if (await this.isReady(proxy)) {
        const { length } = this.layout.proxies;
        process.stdout.write(`${++this.readyCount} of ${length} proxies: the ${proxy.title} is ready\n`);
        return;
      }
      await this.pause(POLL_MS);
    }
  }

  private async untilListens(service: DemoService): Promise<void> {
    while (!this.stopping && !(await isListening(LOOPBACK, this.port(service.port)))) await this.pause(POLL_MS);
  }

  private async isReady({ adminPort, readyStat }: DemoProxy): Promise<boolean> {
    const page = `http://${LOOPBACK}:${this.port(adminPort)}`;
    if ((await textOf(`${page}/ready`)) === null) return false;
    return readyStat === null || / [1-9]/.test((await textOf(`${page}/stats?filter=^${readyStat}$`)) ?? "");
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.wheel.arm(new Timer(resolve), ms));
  }

  private port(documented: number): number {
    return this.ports.get(documented) ?? documented;
  }
}

/** What a page says; null: nothing, or not with 200. */
async function textOf(url: string): Promise<string | null> {
  try {
    const response = await fetch(url);
    const text = await response.text();
    return response.status === 200 ? text : null;
  } catch {
    return null;
  }
}

const LOOPBACK = "127.0.0.1";
const TURN = "starling-demo-starts";
const TURN_POLL_MS = 100;
const POLL_MS = 30;
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 2_000;
const SIGNAL_RACE_MS = 200;
