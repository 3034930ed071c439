// `starling events`: what happens in a mesh, a line each, until Ctrl-C. Reads the command line, opens a bus as a client, and writes what
// the watch prints; knows no event.
import { systemClock } from "../../base/clock.ts";
import { DrivenWheel } from "../../base/driven-wheel.ts";
import { systemRandom } from "../../base/random.ts";
import { stayAlive } from "../../base/stay-alive.ts";
import type { MeshPlan } from "../../config/plan/mesh.ts";
import type { BusEvent } from "../../control/mesh/bus/bus.ts";
import { NatsBus } from "../../control/mesh/bus/nats-bus.ts";
import { EventWatch } from "../../control/mesh/events/event-watch.ts";
import { printable } from "../../control/mesh/events/read-event.ts";
import { complain } from "./complain.ts";
import { clientConnection, meshOf } from "./mesh-client.ts";
import type { ParsedFlags } from "./parse-flags.ts";

/** Watches until a signal, or until there is no broker unless told to follow; answers with the exit code. */
export async function events(
  flags: ParsedFlags,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<0 | 1> {
  const mesh = meshOf(flags, environment);
  return Array.isArray(mesh) ? complain(mesh) : new Watching(mesh as MeshPlan, flags).code;
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
    const connection = clientConnection(mesh, "starling events");
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

function note(line: string): void {
  process.stderr.write(`starling: ${printable(line)}\n`);
}
