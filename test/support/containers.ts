// Containers of a compose file under a real engine, as a project of the test's own with ports of its own: `docker compose` and the lines of
// compose/README.md are run as a reader types them.
import { execFile, execFileSync } from "node:child_process";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { freePort } from "./live-proxy.ts";
import { PROJECT, sourceText } from "./source-files.ts";

/** How a command ended. */
export interface CommandOutcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Whether an engine answers; without one the tests of containers are skipped. */
export function engineAnswers(): boolean {
  try {
    execFileSync("docker", ["info"], { stdio: "ignore", timeout: 10_000 });
    execFileSync("docker", ["compose", "version"], { stdio: "ignore", timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

/** Runs a program to its end, for two minutes at most. */
export function command(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<CommandOutcome> {
  const options = { cwd: PROJECT, env: { ...process.env, ...env }, timeout: 120_000, maxBuffer: 64 << 20 };
  return new Promise((resolve) => {
    const child = execFile(program, args, options, (_, out, err) => resolve({ code: child.exitCode ?? -1, out, err }));
  });
}

/** Ends them and what is theirs; none were started where no engine answers. */
export async function leaveNothing(containers: Containers | undefined): Promise<void> {
  if (containers === undefined) return;
  await containers.remove();
  const left = await containers.remains();
  if (left !== "") throw new Error(`it left in the engine: ${left}`);
}

/** One compose file's containers. */
export class Containers {
  private readonly file: string;
  private readonly env: Record<string, string>;
  /** Documented host port → the one taken instead. */
  private readonly ports: Map<string, number>;
  /** Containers that `runBeside` started. */
  private readonly beside: string[] = [];

  private constructor(file: string, env: Record<string, string>, ports: Map<string, number>) {
    this.file = file;
    this.env = env;
    this.ports = ports;
  }

  /** `variables`: those of the file that are host ports, with the port that the documents name; `settings`: others. */
  static async of(
    file: string,
    variables: Readonly<Record<string, number>> = {},
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Containers> {
    const ports = new Map<string, number>();
    const env: Record<string, string> = { ...settings, COMPOSE_PROJECT_NAME: `test-${file.replace(".yaml", "")}` };
    for (const [variable, documented] of Object.entries(variables)) {
      const port = await freePort([...ports.values()]);
      ports.set(String(documented), port);
      env[variable] = String(port);
    }
    return new Containers(file, env, ports);
  }

  /** `docker compose -f FILE ARGS`: what it printed. Throws when it failed. */
  async compose(...args: string[]): Promise<string> {
    const outcome = await command("docker", ["compose", "-f", `compose/${this.file}`, ...args], this.env);
    if (outcome.code !== 0) throw new Error(`docker compose ${args.join(" ")}:\n${outcome.err}${outcome.out}`);
    return outcome.out;
  }

  /** A line of compose/README.md, typed in a shell: what it printed. Throws when it is not there or failed. */
  async typed(line: string): Promise<string> {
    if (!sourceText("compose/README.md").includes(line)) throw new Error(`compose/README.md has no line ${line}`);
    const outcome = await command("bash", ["-c", line.includes(" exec ") ? line : this.withPorts(line)], this.env);
    if (outcome.code !== 0) throw new Error(`${line}:\n${outcome.err}${outcome.out}`);
    return outcome.out + outcome.err;
  }

  /** Runs a script of the project. */
  async script(path: string, ...args: string[]): Promise<void> {
    const { code, err } = await command("bash", [path, ...args]);
    if (code !== 0 || err !== "") throw new Error(`${path}: ${err}`);
  }

  /** The body of a page of a published port: `localhost:8080/service/1`. Throws unless it is 200 within five seconds. */
  async page(url: string): Promise<string> {
    const response = await fetch(`http://${this.withPorts(url)}`, { signal: AbortSignal.timeout(5_000) });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${url}: ${response.status} ${text}`);
    return text;
  }

  /** The outcome of a program in a service's running container. */
  exec(service: string, ...args: string[]): Promise<CommandOutcome> {
    return command("docker", ["compose", "-f", `compose/${this.file}`, "exec", "-T", service, ...args], this.env);
  }

  /** Kills one container, as a machine that fails does. */
  async kill(container: string): Promise<void> {
    await docker("kill", container);
  }

  /** A container beside them, in their network under this name, that runs a script of Node's own modules. It goes with them. */
  async runBeside(name: string, script: string): Promise<string> {
    const mount = `${join(PROJECT, script)}:/script.mjs:ro`;
    const network = ["--network", this.network, "--network-alias", name];
    const labels = ["--label", `com.docker.compose.project=${this.project}`, "--no-healthcheck"];
    const started = await docker(
      "run",
      "--detach",
      ...network,
      ...labels,
      "-v",
      mount,
      "starling",
      "node",
      "/script.mjs",
    );
    const container = started.trim();
    this.beside.push(container);
    return container;
  }

  /** Takes a service's container out of the network; what it answers puts it back. */
  async disconnect(service: string): Promise<() => Promise<unknown>> {
    const container = (await this.compose("ps", "--quiet", service)).trim();
    await docker("network", "disconnect", this.network, container);
    return () => docker("network", "connect", "--alias", service, this.network, container);
  }

  /** How each container of the file ended: `service: exit code`. */
  async exitCodes(): Promise<string[]> {
    const containers = (await this.compose("ps", "--all", "--quiet")).trim().split("\n");
    const format = '{{index .Config.Labels "com.docker.compose.service"}}: {{.State.ExitCode}}';
    return (await docker("inspect", "--format", format, ...containers)).trim().split("\n").sort();
  }

  /** Containers, networks and volumes are gone after it. */
  async remove(): Promise<void> {
    for (const container of this.beside.splice(0)) await docker("rm", "--force", "--volumes", container);
    await this.compose("down", "--volumes", "--timeout", "2", "--remove-orphans");
  }

  /** What is left of it in the engine: containers, networks, volumes. */
  async remains(): Promise<string> {
    const filter = ["--quiet", "--filter", `label=com.docker.compose.project=${this.project}`];
    const found = [
      ["ps", "--all"],
      ["network", "ls"],
      ["volume", "ls"],
    ].map((what) => command("docker", [...what, ...filter]));
    return (await Promise.all(found)).map(({ out }) => out).join("");
  }

  private get project(): string {
    return this.env["COMPOSE_PROJECT_NAME"] ?? "";
  }

  private get network(): string {
    return `${this.project}_default`;
  }

  private withPorts(text: string): string {
    return text.replaceAll(
      /(localhost:)(\d+)/g,
      (_, host: string, port: string) => host + (this.ports.get(port) ?? port),
    );
  }
}

/** `docker ARGS`: what it printed. Throws when it failed. */
export async function docker(...args: string[]): Promise<string> {
  const { code, out, err } = await command("docker", args);
  if (code !== 0) throw new Error(`docker ${args.join(" ")}:\n${err}${out}`);
  return out;
}

/** Waits until `look` gives something that is not null, for two minutes at most; what it throws meanwhile is nothing yet. */
export async function waitFor<Seen>(look: () => Promise<Seen | null>, withinMs: number = 120_000): Promise<Seen> {
  const endMs = systemClock.nowMs() + withinMs;
  let last: unknown = "nothing";
  while (systemClock.nowMs() < endMs) {
    const seen = await look().catch((error: unknown) => {
      last = error;
      return null;
    });
    if (seen !== null) return seen;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`never seen: ${look}; last: ${last}`);
}

/** Builds both images, once for all tests of a run. */
export function buildImages(): Promise<void> {
  building ??= command("docker", ["compose", "-f", "compose/front-proxy.yaml", "build"]).then(({ code, out, err }) => {
    if (code !== 0) throw new Error(`the images cannot be built:\n${out}${err}`);
  });
  return building;
}

let building: Promise<void> | undefined;
