// Makes the parts of the mesh actor that have a behaviour of their own, each with what it needs of the actor. Called by mesh-actor.ts once.
import type { Link } from "../../actor/thread-link.ts";
import type { Clock } from "../../base/clock.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import { isOnThisMachine } from "../../config/plan/mesh.ts";
import type { Membership, MeshOrder, MeshOutput } from "../../messages/mesh.ts";
import { AnnounceHost, outputOf } from "./announce/announce-host.ts";
import type { Bus } from "./bus/bus.ts";
import type { MeshPost } from "./mesh-post.ts";
import type { MeshTotals } from "./mesh-totals.ts";
import { RuntimePart } from "./runtime/runtime-part.ts";
import { meshSubjects } from "./subjects.ts";

/** What they stand on. */
export interface MeshGround {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly link: Link<MeshOrder, MeshOutput>;
  readonly instance: string;
  readonly bus: Bus;
  readonly totals: MeshTotals;
  readonly post: MeshPost;
}

/** What the node announces, and whose endpoints it wants to know. */
export function announceHost(ground: MeshGround, { mesh, isSuccessor }: Membership): AnnounceHost {
  const { clock, wheel, bus, instance, link, totals } = ground;
  return new AnnounceHost({
    clock,
    wheel,
    bus,
    subjects: meshSubjects(mesh.name),
    self: { node: mesh.node, instance },
    isSuccessor,
    takesLoopback: isOnThisMachine(mesh.broker),
    tell: (finding) => link.send(outputOf(finding)),
    count: (counter) => totals.add(counter, 1),
  });
}

/** The layer of the runtime that the mesh shares. */
export function runtimePart(ground: MeshGround, { mesh, runtime }: Membership): RuntimePart {
  const { clock, wheel, bus, instance, link, totals, post } = ground;
  const self = { node: mesh.node, instance };
  return new RuntimePart(
    {
      ...{ clock, wheel, bus, self, subjects: meshSubjects(mesh.name) },
      changed: (values, records) => link.send({ type: "runtime-changed", values, records }),
      watch: (clusters) => link.send({ type: "watch-clusters", clusters }),
      tell: (news) => post.tell({ type: "runtime-changed", ...news }, clock.wallMs()),
      count: (counter) => totals.add(counter, 1),
      set: (gauge, value) => totals.set(gauge, value),
      ignored: () => totals.add("runtime_ignored", 1),
      warn: (text) => link.send({ type: "log-written", line: { level: "warning", component: "main", text } }),
    },
    runtime,
  );
}
