// A mesh thread that does what its plan's mesh is named: for tests of its owner. Loaded by its URL in place of workers/mesh.ts.
import { type MessagePort, workerData } from "node:worker_threads";
import { misbehave } from "../../src/actor/misbehave.ts";
import { ThreadLink } from "../../src/actor/thread-link.ts";
import type { CheckOrder, CheckOrders, CheckReport } from "../../src/messages/checking.ts";
import type { Membership, MeshOrder, MeshOutput } from "../../src/messages/mesh.ts";
import { endpoint } from "./cluster-plans.ts";

const { port } = workerData as { readonly port: MessagePort };
const link = new ThreadLink<MeshOrder, MeshOutput>(port);

/** What it says once it was told to join, by the mesh's name. */
const WORDS: Readonly<Record<string, readonly MeshOutput[]>> = {
  joins: [
    { type: "readiness-changed", isReady: false, reason: "asking its peers" },
    { type: "readiness-changed", isReady: true, reason: "" },
  ],
  resigns: [
    { type: "readiness-changed", isReady: true, reason: "" },
    { type: "readiness-changed", isReady: true, reason: "resigned: its network is bad" },
  ],
  silent: [],
  refused: [{ type: "name-refused", reason: "another node is called so" }],
  renamed: [
    { type: "readiness-changed", isReady: true, reason: "" },
    { type: "name-refused", reason: "another node is called so" },
  ],
};

link.receive((order) => {
  switch (order.type) {
    case "join-mesh":
      for (const word of WORDS[order.membership.mesh.name] ?? announced(order.membership)) link.send(word);
      return;
    case "serve-judge": {
      // Answers each report by an order about the same row, so that a test sees both directions.
      const judge = new ThreadLink<readonly CheckReport[], CheckOrders>(order.port);
      judge.receive((reports) => judge.send({ heard: 0, orders: reports.flatMap(orderFor) }));
      return;
    }
    case "assign-announcements":
    case "assign-runtime":
    case "tell-figures":
    case "tell-news":
    case "view-mesh":
      return; // it never answers
    case "misbehave":
      misbehave(order.how);
      return;
    case "serve-load":
      order.port.close();
      return;
    case "stop":
      link.send({ type: "stopped" });
      process.exit(0);
  }
});
link.send({ type: "started" });

/** Each cluster's service is found, moved a port on, under a lease; a successor finds other ports. */
function announced({ clusters, isSuccessor }: Membership): MeshOutput[] {
  const base = isSuccessor ? 200 : 100;
  const found = clusters.flatMap(({ cluster, service }): MeshOutput[] => [
    { type: "endpoints-found", cluster, endpoints: [endpoint(base, { hostname: service })] },
    { type: "endpoints-moved", cluster, removed: [endpoint(base, { hostname: service })], added: [endpoint(base + 1)] },
  ]);
  return [...found, { type: "leases-told", leases: [{ node: "app", remainingMs: 4_000 }], isHeld: false }];
}

function orderFor(report: CheckReport): CheckOrder[] {
  return report.type === "traffic-seen" ? [{ type: "set-traffic", row: report.row, hasTraffic: true }] : [];
}
