// NATS goes under load, killed or standing still: no request fails, every node notices, checks everything itself, and shares again when it
// is back.
import { systemClock } from "../../../src/base/clock.ts";
import type { MeshBar } from "../../support/mesh-bars/bar.ts";
import { MeshScene, T_MS } from "../../support/mesh-bars/scene.ts";
import type { MeshProcess } from "../../support/mesh-processes.ts";
import type { NatsServer } from "../../support/nats-server.ts";

/** Without NATS for so long a node treats itself as alone. */
const ALONE_MS = 3_000;

export const BROKER_KILLED: MeshBar = brokerGone({
  name: "broker-killed",
  scenario: "NATS killed",
  end: (broker) => broker.stop(),
  begin: (broker) => broker.start(),
});

export const BROKER_STOPPED: MeshBar = brokerGone({
  name: "broker-stopped",
  scenario: "NATS stands still",
  end: async (broker) => broker.signal("SIGSTOP"),
  begin: async (broker) => broker.signal("SIGCONT"),
});

interface Way {
  readonly name: string;
  readonly scenario: string;
  end(broker: NatsServer): Promise<void>;
  begin(broker: NatsServer): Promise<void>;
}

function brokerGone(way: Way): MeshBar {
  return {
    name: way.name,
    scenario: way.scenario,
    figures: [
      { what: "requests that failed", most: 0 },
      { what: "ms until every node has noticed", most: ALONE_MS, isTime: true },
      { what: "ms from then (3 s at least) until every node has probed everything", most: 2 * T_MS, isTime: true },
      { what: "nodes that probe an endpoint when it is back", most: 2 },
    ],
    measure: () => MeshScene.run({}, (scene) => loseBroker(scene, way)),
  };
}

async function loseBroker(scene: MeshScene, { end, begin }: Way): Promise<number[]> {
  const { broker, log, mesh, nodes } = scene;
  const noticedMs: number[] = [];
  let goneMs = 0;
  let probedMs = 0;
  let probers = Number.POSITIVE_INFINITY;
  const failed = await scene.underLoad(async () => {
    goneMs = systemClock.nowMs();
    await end(broker);
    // By what it says itself: three pings take three seconds, and who looks has none to spare.
    const notice = async (node: MeshProcess): Promise<void> => {
      const hasNoticed = async (): Promise<boolean> => {
        const { isBusUp, busAgeMs } = await scene.view(node);
        if (!isBusUp) noticedMs.push(systemClock.nowMs() - busAgeMs);
        return !isBusUp;
      };
      await scene.mustBecome(hasNoticed, `${node.name} notices`);
    };
    await Promise.all(nodes.map(notice));
    const hasProbed = (node: MeshProcess, port: number): boolean =>
      log.probersOf(port, goneMs + ALONE_MS).includes(node.name);
    const isProbedByAll = (): boolean =>
      mesh.upstreams.every(({ port }) => nodes.every((node) => hasProbed(node, port)));
    await scene.mustBecome(isProbedByAll, "every node probes everything");
    probedMs = systemClock.nowMs();
    await begin(broker);
    await scene.untilShared();
    probers = Math.max(...mesh.upstreams.map((upstream) => scene.probersOf(upstream).length));
  });
  const aloneMs = Math.max(goneMs + ALONE_MS, ...noticedMs);
  return [failed, Math.max(...noticedMs) - goneMs, probedMs - aloneMs, probers];
}
