// The health-check document run on the files of config/health-checks by one program: a front proxy, side-cars blue and yellow, a demo
// app behind each, on free ports, with intervals of seconds.
import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { configUrl } from "../../src/base/location.ts";
import { healthDemo } from "../../src/supervisor/demo/health-demo.ts";
import { type DemoLayout, type DemoProxy, fileText, portsOf } from "../../src/supervisor/demo/layout.ts";
import { LiveProxy, PortMap, type Program } from "./live-proxy.ts";
import { eventually } from "./nodes.ts";

/** The two upstreams. */
export type Name = "blue" | "yellow";

/** How one run differs. */
export interface HealthDocumentOptions {
  readonly program: Program;
  readonly checks: "http" | "tcp";
}

/** The running proxies and apps; the front proxy may still be warming. */
export class HealthDocument {
  /** For each verdict, after how many rounds of requests it showed in who answers. */
  readonly rounds: number[] = [];
  private readonly ports: PortMap = new PortMap();
  private readonly layout: DemoLayout;
  private readonly options: HealthDocumentOptions;
  private readonly apps = new Map<Name, ChildProcessWithoutNullStreams>();
  private readonly proxies = new Map<string, LiveProxy>();
  /** What each app said: a line an answer. */
  private readonly said = new Map<Name, string>();

  private constructor(options: HealthDocumentOptions) {
    this.options = options;
    this.layout = healthDemo({ checks: options.checks, timing: "document" });
  }

  /** Starts apps and side-cars, and launches the front proxy. */
  static async start(options: HealthDocumentOptions): Promise<HealthDocument> {
    const document = new HealthDocument(options);
    await document.ports.take(...portsOf(document.layout));
    await Promise.all([document.startApp("blue"), document.startApp("yellow")]);
    await Promise.all([document.startSidecar("blue"), document.startSidecar("yellow")]);
    document.proxies.set(FRONT_PROXY, LiveProxy.launch(options.program, document.file(FRONT_PROXY)));
    return document;
  }

  /** `curl -s ARGS URL` of the front proxy's listener: what it prints, or its exit code. */
  curl(path = "", ...args: readonly string[]): Promise<string> {
    return curl(...args, `http://127.0.0.1:${this.ports.get(FRONT)}${path}`);
  }

  /** The same of its admin address. */
  admin(path: string, ...args: readonly string[]): Promise<string> {
    return curl(...args, `http://127.0.0.1:${this.ports.get(FRONT_ADMIN)}${path}`);
  }

  /** The same of a side-car's listener. */
  sidecar(name: Name, path: string, ...args: readonly string[]): Promise<string> {
    return curl(...args, `http://127.0.0.1:${this.ports.get(SIDECARS[name])}${path}`);
  }

  /**
   * Rounds of four requests, each on a connection of its own, until these and no others answered a whole round. How many it took is
   * kept in `rounds`: Envoy shows a verdict to its workers after up to a second.
   */
  async loopUntil(...names: readonly Name[]): Promise<void> {
    for (let round = 1; round <= ROUNDS_MAX; round++) {
      const answered = new Set<string>();
      for (let i = 0; i < 4; i++) answered.add(/ServerName: (\w+)/.exec(await this.curl())?.[1] ?? "nobody");
      if (isDeepStrictEqual([...answered].sort(), names)) {
        this.rounds.push(round);
        return;
      }
    }
    throw new Error(`${names.join(" and ")} never answered alone`);
  }

  /** `curl /stats | grep health_check`. */
  async healthStats(): Promise<string[]> {
    return (await this.admin("/stats")).split("\n").filter((line) => line.includes("health_check"));
  }

  /** What /clusters says of each upstream's health. */
  async flags(): Promise<Readonly<Record<Name, string>>> {
    const text = await this.admin("/clusters");
    const of = (name: Name): string =>
      new RegExp(`:${this.ports.get(SIDECARS[name])}::health_flags::(\\S+)`).exec(text)?.[1] ?? "absent";
    return { blue: of("blue"), yellow: of("yellow") };
  }

  /** Asks again and again until a line of the health statistics is there; answers with all of them as they were then. */
  async untilStat(line: string): Promise<string[]> {
    for (const endMs = performance.now() + LOOKS_FOR_MS; ; ) {
      const stats = await this.healthStats();
      if (stats.some((one) => one.endsWith(line))) return stats;
      if (performance.now() > endMs) throw new Error(`never came: ${line}\n${stats.join("\n")}`);
    }
  }

  /** Waits until the front proxy serves. */
  live(): Promise<void> | undefined {
    return this.proxies.get(FRONT_PROXY)?.live(this.ports.get(FRONT_ADMIN));
  }

  /** How often an app answered a path so since it was asked to forget, as soon as it was so often; it may say so after its client knows. */
  async untilAnswers(name: Name, path: string, status: number, count: number): Promise<number> {
    const lines = (): number => (this.said.get(name) ?? "").split(`GET ${path} ${status}\n`).length - 1;
    await eventually(() => lines() >= count);
    return lines();
  }

  /** Forgets what an app said. */
  forgetAnswers(name: Name): void {
    this.said.set(name, "");
  }

  /** Stops a side-car as `docker stop` does. */
  async stopSidecar(name: Name): Promise<void> {
    await this.proxies.get(`side-car of ${name}`)?.stop();
  }

  /** Starts a side-car, for the first time or again. */
  async startSidecar(name: Name): Promise<void> {
    const title = `side-car of ${name}`;
    const admin = this.ports.get(this.proxy(title).adminPort);
    this.proxies.set(title, await LiveProxy.start(this.options.program, this.file(title), admin));
  }

  /** A text with the names that ports have in the files. */
  withoutPorts(text: string): string {
    return this.ports.hide(text, portsOf(this.layout));
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    await Promise.all([...this.proxies.values()].map((proxy) => proxy.stop()));
    for (const app of this.apps.values()) app.kill("SIGKILL");
  }

  private async startApp(name: Name): Promise<void> {
    const service = this.layout.services.find(({ title }) => title.endsWith(name));
    if (service === undefined) throw new Error(`the demo has no app ${name}`);
    const own = service.args(this.ports.get(service.port), (documented) => this.ports.get(documented));
    const args = [...own, `--livez-sleep-ms=${SLEEP_MS}`, "--verbose"];
    const app = spawn(process.execPath, [fileURLToPath(service.program), ...args]);
    this.apps.set(name, app);
    app.stdout
      .setEncoding("utf8")
      .on("data", (text: string) => this.said.set(name, (this.said.get(name) ?? "") + text));
    await once(app.stdout, "data");
  }

  private proxy(title: string): DemoProxy {
    const found = this.layout.proxies.find((one) => one.title === title);
    if (found === undefined) throw new Error(`the demo has no ${title}`);
    return found;
  }

  /** The document's file with intervals that a test can wait for. */
  private file(title: string): string {
    const proxy = this.proxy(title);
    const real = new Map(portsOf(this.layout).map((port) => [port, this.ports.get(port)]));
    const interval = `interval: ${INTERVAL_S}s\n      no_traffic_interval: ${NO_TRAFFIC_INTERVAL_S}s`;
    return fileText(readFileSync(configUrl(proxy.file), "utf8"), proxy, real).replace("interval: 10s", interval);
  }
}

function curl(...args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile("curl", ["-s", ...args], (error, stdout) =>
      resolve(error === null ? stdout : `curl ends with ${error.code}`),
    );
  });
}

const FRONT_PROXY = "front proxy";
const FRONT = 8080;
const FRONT_ADMIN = 9901;
const SIDECARS: Readonly<Record<Name, number>> = { blue: 8003, yellow: 8004 };
/** What is seen between two checks of an upstream is asked by several processes, one after the other. */
const INTERVAL_S = 2;
/** Until the next check of a cluster that never had a connection: the panic is looked at before it. The file's own is a minute. */
const NO_TRAFFIC_INTERVAL_S = 5;
/** Much longer than two checks after the longer interval, however fast the machine looks. */
const LOOKS_FOR_MS = 30_000;
const ROUNDS_MAX = 100;
/** The document's 5 s are a race with its timeout of 5 s, which is longer where the machine is late: in the middle to the check after it. */
const SLEEP_MS = 7_500;
