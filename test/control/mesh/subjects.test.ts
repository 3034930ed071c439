import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { ALL_MESH_BEATS, meshSubjects, meshTokenOf } from "../../../src/control/mesh/subjects.ts";

const subjects = meshSubjects("default");

describe("subjects of the mesh", () => {
  const rows: readonly (readonly [what: string, subject: string, expected: string])[] = [
    ["health event", subjects.healthEvent("shop", "192.0.2.1:8080"), "mesh.default.events.health.shop.192_0_2_1_8080"],
    [
      "IPv6 endpoint",
      subjects.healthEvent("shop", "[2001:db8::1]:80"),
      "mesh.default.events.health.shop._2001_db8__1__80",
    ],
    ["pipe", subjects.healthEvent("shop", "/run/a.sock"), "mesh.default.events.health.shop._run_a_sock"],
    ["outlier event", subjects.outlierEvent("a.b/c d", "x:1"), "mesh.default.events.outlier.a_b_c_d.x_1"],
    ["node event", subjects.nodeEvent("front~x7a2"), "mesh.default.events.node.front_x7a2"],
    ["config event", subjects.configEvent("front-1"), "mesh.default.events.config.front-1"],
    ["worker event", subjects.workerEvent("*"), "mesh.default.events.worker._"],
    ["all events", subjects.allEvents, "mesh.default.events.>"],
    ["hello", subjects.hello, "mesh.default.hello"],
    ["beat", subjects.beat("é"), "mesh.default.beat.__"],
    ["all beats", subjects.allBeats, "mesh.default.beat.*"],
    ["observations", subjects.observe("00ff"), "mesh.default.observe.00ff"],
    ["all observations", subjects.allObservations, "mesh.default.observe.*"],
    ["sync", subjects.sync(">"), "mesh.default.sync._"],
    ["endpoints", subjects.endpoints("shop.orders", "app~1"), "mesh.default.endpoints.shop_orders.app_1"],
    ["endpoints of a service", subjects.endpointsOf("shop.orders"), "mesh.default.endpoints.shop_orders.*"],
    ["a mesh with a dot", meshSubjects("a.b").hello, "mesh.a_b.hello"],
    ["a mesh without a name", meshSubjects("").hello, "mesh._.hello"],
  ];
  for (const [what, subject, expected] of rows) it(`${what}: ${expected}`, () => assert.equal(subject, expected));

  it("of one cluster's events name its token in both families", () => {
    assert.deepEqual(subjects.eventsOfCluster("a b"), [
      "mesh.default.events.health.a_b.*",
      "mesh.default.events.outlier.a_b.*",
    ]);
  });

  it("of long names keep 64 bytes, an endpoint its port", () => {
    const [cluster = "", endpoint = ""] = subjects
      .healthEvent("c".repeat(99), `${"h".repeat(99)}:65535`)
      .split(".")
      .slice(4);
    assert.equal(cluster, "c".repeat(64));
    assert.equal(endpoint, `${"h".repeat(58)}_65535`);
  });

  it("have six tokens without wildcards for whatever names", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.string(),
        fc.string({ unit: "binary" }),
        (mesh, cluster, endpoint) => {
          const subject = meshSubjects(mesh).healthEvent(cluster, endpoint);
          assert.match(subject, /^mesh\.[\w-]{1,64}\.events\.health\.[\w-]{1,64}\.[\w-]{1,64}$/);
        },
      ),
    );
  });

  it("tell their mesh", () => {
    assert.equal(meshTokenOf(subjects.beat("a")), "default");
    assert.equal(meshTokenOf("other.default.beat.a"), "");
    assert.equal(ALL_MESH_BEATS, "mesh.*.beat.*");
  });
});
