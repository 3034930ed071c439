// `starling events`: what happens in a mesh, a line each, until Ctrl-C. Reads the command line, opens a bus as a client, and writes what
// the watch prints; knows no event.
import { systemClock } from "../../base/clock.ts";
import { DrivenWheel } from "../../base/driven-wheel.ts";
import { systemRandom } from "../../base/random.ts";
import { stayAlive } from "../../base/stay-alive.ts";
import { formatDiagnostic } from "../../config/load/format-diagnostic.ts";
import type { MeshPlan } from "../../config/plan/mesh.ts";
import type { BusEvent } from "../../control/mesh/bus/bus.ts";
import type { BusConnection } from "../../control/mesh/bus/connection.ts";
import { NatsBus } from "../../control/mesh/bus/nats-bus.ts";
import { EventWatch } from "../../control/mesh/events/event-watch.ts";
import { printable } from "../../control/mesh/events/read-event.ts";
import { complain } from "./complain.ts";
import { loadConfiguration } from "./load-configuration.ts";
import type { ParsedFlags } from "./parse-flags.ts";
import { serveOptions } from "./serve-options.ts";

/** Watches until a signal, or until there is no broker unless told to follow; answers with the exit code. */
export async function events(flags: ParsedFlags, environment: Environment): Promise<0 | 1> {
  const mesh = meshOf(flags, environment);
  return Array.isArray(mesh) ? complain(mesh) : new Watching(mesh as MeshPlan, flags).code;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The mesh that flags and variables name, else the embedded one; or what is wrong with them. */
function meshOf(flags: ParsedFlags, environment: Environment): MeshPlan | readonly string[] {
  const values = new Map([...flags.values, ["config-yaml", "{}"]]);
  if (!values.has("mesh") && !environment["STARLING_MESH"]) values.set("mesh", "embedded");
  const result = serveOptions({ ...flags, values }, environment);
  if (!result.ok) return result.errors;
  const configuration = loadConfiguration(result.options);
  if (!configuration.ok) return configuration.errors.map(formatDiagnostic);
  return configuration.plan.mesh ?? ["no mesh is named: --mesh"];
}

class Watching {
  readonly code: Promise<0 | 1>;
  private readonly mesh: MeshPlan;
  private readonly follows: boolean;
  private readonly servers: string;
  private readonly bus: NatsBus;
  private readonly watch: EventWatch;
  private readonly letGo = stayAlive();
  private wasConnected = false;
  private readonly resolve: (code: 0 | 1) => void;

  constructor(mesh: MeshPlan, { values }: ParsedFlags) {
    const { promise, resolve } = Promise.withResolvers<0 | 1>();
    this.code = promise;
    this.resolve = resolve;
    this.mesh = mesh;
    this.follows = values.has("follow");
    const connection = connectionOf(mesh);
    this.servers = connection.servers.join(", ");
    const wheel = new DrivenWheel(systemClock);
    this.bus = new NatsBus({ wheel, random: systemRandom(), onEvent: (event) => this.onBusEvent(event) }, connection);
    this.watch = new EventWatch(
      { bus: this.bus, clock: systemClock, wheel, note, print: (line) => process.stdout.write(`${line}\n`) },
      { mesh: mesh.name, cluster: values.get("cluster") ?? "", form: values.has("json") ? "json" : "text" },
    );
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => this.end(0));
    // Whoever reads has gone: `starling events | head`.
    process.stdout.once("error", () => this.end(0));
  }

  private onBusEvent(event: BusEvent): void {
    switch (event.type) {
      case "connected":
        note(`${this.wasConnected ? "back" : "connected"} at ${event.server}: events of the mesh '${this.mesh.name}'`);
        if (!this.wasConnected) this.watch.lookForNodes();
        this.wasConnected = true;
        return;
      case "disconnected":
        note(`${this.wasConnected ? "lost the broker" : "no broker answers"} at ${this.servers}: ${event.reason}`);
        if (!this.follows) this.end(1);
        return;
      case "permission-violation":
        note(`the broker does not let this client ${event.operation} ${event.subject}`);
        return;
      case "slow-consumer":
        note(`events may be missing: ${event.reason}`);
        return;
      case "lame-duck":
        return; // the connection's loss is told
    }
  }

  private end(code: 0 | 1): void {
    this.letGo();
    void this.bus.close().then(() => this.resolve(code));
  }
}

/** A client of the broker, of the embedded one too: it never serves. */
function connectionOf({ broker }: MeshPlan): BusConnection {
  const name = "starling events";
  if (broker.kind === "nats") return { ...broker, name, serverName: null };
  const files = { caFile: null, certFile: null, keyFile: null, nkeySeedFile: null, credentialsFile: null };
  return { servers: [`nats://127.0.0.1:${broker.port}`], name, serverName: null, ...files };
}

function note(line: string): void {
  process.stderr.write(`starling: ${printable(line)}\n`);
}
