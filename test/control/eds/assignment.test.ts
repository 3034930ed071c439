import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { EndpointPlan } from "../../../src/config/plan/cluster.ts";
import { assignment, newMember, withStatus } from "../../../src/control/eds/assignment.ts";
import type { HealthStatus } from "../../../src/control/eds/health-status.ts";
import { clusterPlan, endpoint } from "../../support/cluster-plans.ts";
import { assignmentOf } from "./eds-world.ts";

const WEST = { region: "eu", zone: "west", subZone: "1" };

function resourceOf(
  endpoints: readonly EndpointPlan[],
  status: HealthStatus | null = "HEALTHY",
  percent: number = 140,
) {
  const members = endpoints.map((plan, slot) => withStatus(newMember({ ...plan, slot }), status));
  return assignment(clusterPlan("web", [], { overprovisioningPercent: percent }), members);
}

function shown(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

describe("an assignment", () => {
  it("has each endpoint in its locality and priority, in the order of the file", () => {
    const { bytes } = resourceOf([
      endpoint(1, { locality: WEST, localityWeight: 3 }),
      endpoint(2, { priority: 1 }),
      endpoint(3, { locality: WEST, localityWeight: 3, weight: 7 }),
    ]);
    assert.deepEqual(assignmentOf(bytes), {
      cluster_name: "web",
      endpoints: [
        {
          locality: { region: "eu", zone: "west", sub_zone: "1" },
          lb_endpoints: [
            { endpoint: { address: shown(1) }, health_status: "HEALTHY" },
            { endpoint: { address: shown(3) }, health_status: "HEALTHY", load_balancing_weight: 7 },
          ],
          load_balancing_weight: 3,
        },
        { lb_endpoints: [{ endpoint: { address: shown(2) }, health_status: "HEALTHY" }], priority: 1 },
      ],
    });
  });

  it("has what the file says of an endpoint: hostname, metadata, its checks, a pipe", () => {
    const check = { port: 8_080, address: "127.0.0.2", hostname: "check.example", disabled: true };
    const metadata = { "envoy.lb": { canary: true, stage: ["a", 1, null] } };
    const pipe = { kind: "pipe", path: "@web", mode: 0o600 } as const;
    const { bytes } = resourceOf(
      [endpoint(1, { hostname: "web.example", metadata, check }), endpoint(2, { address: pipe })],
      "DEGRADED",
      200,
    );
    assert.deepEqual(assignmentOf(bytes), {
      cluster_name: "web",
      policy: { overprovisioning_factor: 200 },
      endpoints: [
        {
          lb_endpoints: [
            {
              endpoint: {
                address: shown(1),
                hostname: "web.example",
                health_check_config: {
                  port_value: 8_080,
                  hostname: "check.example",
                  address: { socket_address: { address: "127.0.0.2", port_value: 8_080 } },
                  disable_active_health_check: true,
                },
              },
              metadata: { filter_metadata: metadata },
              health_status: "DEGRADED",
            },
            { endpoint: { address: { pipe: { path: "@web", mode: 384 } } }, health_status: "DEGRADED" },
          ],
        },
      ],
    });
  });

  it("has no endpoint without a status, and no locality without an endpoint", () => {
    assert.deepEqual(assignmentOf(resourceOf([endpoint(1)], null).bytes), {
      cluster_name: "web",
    });
  });

  it("has one version as long as its content is the same, whoever made it", () => {
    const { version } = resourceOf([endpoint(1), endpoint(2)]);
    assert.equal(resourceOf([endpoint(1), endpoint(2)]).version, version);
    for (const other of [
      resourceOf([endpoint(1)]),
      resourceOf([endpoint(2), endpoint(1)]),
      resourceOf([endpoint(1), endpoint(2)], "UNHEALTHY"),
      resourceOf([endpoint(1), endpoint(2)], "HEALTHY", 150),
    ]) {
      assert.notEqual(other.version, version);
    }
  });
});
