// `starling announce`: a service that is no node of the mesh is announced as long as this process lives.
import { randomBytes } from "node:crypto";
import { systemClock } from "../../base/clock.ts";
import { DrivenWheel } from "../../base/driven-wheel.ts";
import { isLoopback } from "../../base/ip-address.ts";
import { systemRandom } from "../../base/random.ts";
import { stayAlive } from "../../base/stay-alive.ts";
import { addressText } from "../../config/plan/address.ts";
import { type AnnouncementPlan, LOOPBACK_AFAR } from "../../config/plan/announcement.ts";
import { isOnThisMachine, type MeshPlan } from "../../config/plan/mesh.ts";
import { Announcer } from "../../control/mesh/announce/announcer.ts";
import type { BusEvent } from "../../control/mesh/bus/bus.ts";
import { NatsBus } from "../../control/mesh/bus/nats-bus.ts";
import { meshSubjects } from "../../control/mesh/subjects.ts";
import { announceOptions } from "./announce-options.ts";
import { complain } from "./complain.ts";
import { clientConnection, meshOf } from "./mesh-client.ts";
import type { ParsedFlags } from "./parse-flags.ts";

/** Announces until a signal comes; answers with the exit code. */
export async function announce(
  flags: ParsedFlags,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<0 | 1> {
  const announced = announceOptions(flags);
  // The process is named after its service.
  const named = new Map([...flags.values, ["service-node", flags.values.get("service") ?? ""]]);
  const mesh = meshOf({ ...flags, values: named }, environment);
  const errors = ["service" in announced ? [] : announced, "broker" in mesh ? [] : mesh].flat();
  if ("service" in announced && "broker" in mesh) {
    const isClear = isOnThisMachine(mesh.broker) || !announced.endpoints.some(({ host }) => isLoopback(host));
    if (isClear) return hold(announced, mesh);
    errors.push(`--address: ${LOOPBACK_AFAR}`);
  }
  return complain([...errors, "try 'starling announce --help'"]);
}

async function hold(announced: AnnouncementPlan, mesh: MeshPlan): Promise<0> {
  const letGo = stayAlive();
  const wheel = new DrivenWheel(systemClock);
  const { service, endpoints } = announced;
  const addresses = endpoints.map(({ host, port }) => addressText({ kind: "socket", host, port, ipv4Compat: false }));
  const what = addresses.join(", ");
  const announcer = new Announcer({
    clock: systemClock,
    wheel,
    subjects: meshSubjects(mesh.name),
    self: { node: mesh.node, instance: randomBytes(16).toString("hex") },
    announce: [announced],
    openBus: (onEvent) =>
      new NatsBus({ wheel, random: systemRandom(), onEvent }, clientConnection(mesh, "starling announce")),
    onBusEvent: (event) => tell(event, `${what} for ${service}`, mesh),
  });
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  note(`withdraws ${what}`);
  await announcer.stop();
  wheel.stop();
  letGo();
  return 0;
}

function tell(event: BusEvent, what: string, mesh: MeshPlan): void {
  switch (event.type) {
    case "connected":
      note(`announces ${what} in the mesh '${mesh.name}' as ${mesh.node}, by ${event.server}`);
      return;
    case "disconnected":
      note(`announces nothing for now, the mesh's broker does not answer: ${event.reason}`);
      return;
    case "permission-violation":
      note(`the broker does not let this process ${event.operation} ${event.subject}`);
      return;
    case "slow-consumer":
      note(`the broker and this process do not keep up: ${event.reason}`);
      return;
    case "lame-duck":
      return; // the connection's loss is told
  }
}

function note(text: string): void {
  process.stderr.write(`starling: ${text}\n`);
}
