// `starling demo`: a front proxy, two services and a proxy beside each, on loopback, as real processes from real files. Prints what
// to try; ends everything it started on Ctrl-C or SIGTERM.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../base/clock.ts";
import { DrivenWheel } from "../../base/driven-wheel.ts";
import { configUrl, launcherUrl, programUrl } from "../../base/location.ts";
import { Timer } from "../../base/timer-wheel.ts";
import type { AddressProbes } from "../addresses.ts";
import { choosePorts } from "./choose-ports.ts";
import { type DemoChild, startChild } from "./demo-child.ts";
import { DEMO_PORTS, DEMO_PROXIES, DEMO_SERVICES, type DemoProxy, type DemoService, withPorts } from "./layout.ts";

/** Runs until a signal comes; sets the exit code. `probes` look whether an address is free. */
export async function demo(probes: AddressProbes): Promise<void> {
  const run = new DemoRun(await choosePorts(DEMO_PORTS, probes));
  const asked = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, resolve);
  }).then(() => "asked" as const);
  const startedMs = systemClock.nowMs();
  process.stdout.write("Starting a front proxy, two services and a proxy beside each instance, on loopback …\n");
  run.start();
  const outcome = await Promise.race([asked, run.ready()]);
  if (outcome === "ready") {
    process.stdout.write(run.guide((systemClock.nowMs() - startedMs) / 1000));
    await asked;
  }
  await run.stop();
  if (outcome !== "failed") process.stdout.write("Everything ended; nothing is left running.\n");
  process.exitCode = outcome === "failed" ? 1 : 0;
}

/** One run of the demo. */
class DemoRun {
  private readonly ports: ReadonlyMap<number, number>;
  private readonly folder: string = mkdtempSync(join(tmpdir(), "starling-demo-"));
  private readonly wheel: DrivenWheel = new DrivenWheel(systemClock);
  private readonly children: DemoChild[] = [];
  private stopping = false;
  private died: () => void = () => {};

  constructor(ports: ReadonlyMap<number, number>) {
    this.ports = ports;
  }

  start(): void {
    for (const service of DEMO_SERVICES) this.keep(this.startService(service));
    for (const proxy of DEMO_PROXIES) this.keep(this.startProxy(proxy));
  }

  /** Ready when every proxy says LIVE; failed when a child dies before, or after 30 s. */
  ready(): Promise<"ready" | "failed"> {
    const failed = new Promise<"failed">((resolve) => {
      this.died = () => resolve("failed");
      this.wheel.arm(new Timer(() => resolve("failed")), READY_MS_MAX);
    });
    const live = Promise.all(DEMO_PROXIES.map((proxy) => this.live(proxy))).then(() => "ready" as const);
    return Promise.race([live, failed]);
  }

  /** What a reader can type. */
  guide(seconds: number): string {
    const front = `127.0.0.1:${this.port(8080)}`;
    const admin = `http://127.0.0.1:${this.port(8001)}`;
    return [
      `A front proxy with two workers, three instances of service 1 and one of service 2, ready after ${seconds.toFixed(1)} s.`,
      "",
      "Try, in another terminal:",
      `  curl -v http://${front}/service/1     # again and again: three hostnames`,
      `  curl -v http://${front}/service/2`,
      `  curl -kv https://127.0.0.1:${this.port(8443)}/service/1`,
      `  curl ${admin}/ready`,
      `  curl ${admin}/server_info`,
      `  curl '${admin}/stats?filter=service1'`,
      `  curl ${admin}/clusters`,
      "",
      `The files it runs from: ${this.folder}`,
      "Ctrl-C ends it.",
      "",
    ].join("\n");
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

  private startService(service: DemoService): DemoChild {
    const { title, port, number, hostname } = service;
    const program = fileURLToPath(programUrl("supervisor/demo/service"));
    return startChild(title, [program, String(this.port(port)), String(number), hostname], () => {});
  }

  private startProxy(proxy: DemoProxy): DemoChild {
    const name = `${proxy.title.replaceAll(/\W+/g, "-")}.yaml`;
    const path = join(this.folder, name);
    writeFileSync(path, withPorts(readFileSync(configUrl(`demo/${proxy.file}`), "utf8"), proxy, this.ports));
    const flags = ["-c", path, "--concurrency", String(proxy.workers), "-l", "error"];
    const names = ["--service-cluster", "demo", "--service-node", proxy.title];
    return startChild(proxy.title, [fileURLToPath(launcherUrl), ...flags, ...names], (text) =>
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

  private async live(proxy: DemoProxy): Promise<void> {
    const url = `http://127.0.0.1:${this.port(proxy.adminPort)}/ready`;
    while (!this.stopping) {
      const status = await fetch(url).then(
        (response) => response.text().then(() => response.status),
        () => 0,
      );
      if (status === 200) return;
      await this.pause(POLL_MS);
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.wheel.arm(new Timer(resolve), ms));
  }

  private port(documented: number): number {
    return this.ports.get(documented) ?? documented;
  }
}

const POLL_MS = 30;
const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 2_000;
const SIGNAL_RACE_MS = 200;
