import assert from "node:assert/strict";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, describe, it } from "mocha";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { closeService, helloService } from "../support/hello-service.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { RawClient } from "../support/raw-client.ts";

let node: RunningNode;
let service: Server;

/** A front proxy on one cluster of this type, whose endpoints are names. */
function planOf(type: string, hosts: readonly string[]): Plan {
  const { port } = service.address() as AddressInfo;
  const endpoints = hosts.map((host) => ({
    endpoint: { address: { socket_address: { address: host, port_value: port } } },
  }));
  const yaml = `
static_resources:
  listeners:
  - name: front
    address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: front
          route_config:
            virtual_hosts:
            - { name: all, domains: ["*"], routes: [{ match: { prefix: / }, route: { cluster: c } }] }
          http_filters:
          - name: router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: c
    type: ${type}
    dns_lookup_family: V4_ONLY
    load_assignment: { cluster_name: c, endpoints: [{ lb_endpoints: ${JSON.stringify(endpoints)} }] }
`;
  const { plan, errors } = loadPlan({ text: yaml, file: "test.yaml" });
  if (plan === null) throw new Error(JSON.stringify(errors));
  return plan;
}

function stat(name: string): number {
  return new StatsReader(node.view.stats).value(`cluster.c.${name}`);
}

async function answer(): Promise<string> {
  const client = await RawClient.open(portOf(node));
  const text = await client.get("/service/1");
  client.end();
  return text;
}

describe("endpoints of a whole node", () => {
  before(async () => {
    service = await helloService(0, "here");
  });

  after(() => closeService(service));

  afterEach(() => node.stop());

  for (const type of ["STATIC", "STRICT_DNS", "LOGICAL_DNS"]) {
    it(`of a ${type} cluster are there when the node says LIVE`, async () => {
      node = await startTestNode(planOf(type, [type === "STATIC" ? "127.0.0.1" : "localhost"]));
      assert.match(await answer(), /hostname: here/);
      assert.deepEqual([stat("membership_total"), stat("membership_healthy"), stat("membership_change")], [1, 1, 1]);
    });
  }

  it("count one membership change per name, as Envoy's do", async () => {
    node = await startTestNode(planOf("STRICT_DNS", ["localhost", "localhost", "127.0.0.1"]));
    await eventually(() => stat("membership_change") === 3);
    assert.deepEqual([stat("membership_total"), stat("update_attempt"), stat("update_success")], [3, 3, 3]);
  });

  it("stay when discovery dies, which comes back and counts on", async () => {
    node = await startTestNode(planOf("STRICT_DNS", ["localhost"]));
    await eventually(() => stat("update_success") === 1);
    node.supervisor.misbehaveActor("discovery", "throw");
    await eventually(() => stat("update_success") === 2);
    assert.match(await answer(), /hostname: here/);
    assert.equal(stat("membership_total"), 1);
    assert.equal(node.view.readiness().state, "LIVE");
  });

  it("come to a worker that starts anew", async () => {
    node = await startTestNode(planOf("STRICT_DNS", ["localhost"]));
    node.supervisor.misbehave(0, "exit");
    await eventually(() => node.view.workers()[0]?.restarts === 1 && node.view.workers()[0]?.state === "listening");
    assert.match(await answer(), /hostname: here/);
  });
});
