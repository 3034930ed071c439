// The real Envoy with endpoints that our node serves, beside the real Envoy with the same endpoints in its own file.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { afterEach, before, describe, it } from "mocha";
import { CLUSTER, FleetEnvoy } from "../support/envoy-fleet.ts";
import { envoyInstalled, freePort, LiveProxy } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { proxyFile } from "../support/proxy-file.ts";
import { sourceText } from "../support/source-files.ts";

/** Everything that an assignment can say of endpoints. */
const RICH = {
  cluster_name: CLUSTER,
  policy: { overprovisioning_factor: 200 },
  endpoints: [
    {
      locality: { region: "eu", zone: "west", sub_zone: "1" },
      load_balancing_weight: 3,
      lb_endpoints: ["UNKNOWN", "HEALTHY", "UNHEALTHY", "DRAINING", "TIMEOUT", "DEGRADED"].map((status, at) => ({
        endpoint: { ...socket(at + 1), hostname: `h${at}.example` },
        health_status: status,
        load_balancing_weight: at + 1,
      })),
    },
    {
      priority: 1,
      lb_endpoints: [
        {
          endpoint: { address: { pipe: { path: "@web" } } },
          metadata: { filter_metadata: { "envoy.lb": { canary: true } } },
        },
        { endpoint: { ...socket(9), health_check_config: { port_value: 10, hostname: "check.example" } } },
      ],
    },
  ],
};

function socket(port: number): { readonly address: unknown } {
  return { address: { socket_address: { address: "127.0.0.1", port_value: port } } };
}

const running: { stop(): Promise<unknown> }[] = [];

async function startEnvoy(name: string, edsPort: number, assignment?: unknown): Promise<FleetEnvoy> {
  const envoy = await FleetEnvoy.startIdle(name, [edsPort], assignment);
  running.push(envoy);
  return envoy;
}

/** Starts a node with the endpoints; answers where it serves them. */
async function startNode(): Promise<number> {
  const adminPort = await freePort();
  const edsPort = await freePort([adminPort]);
  const yaml = proxyFile({ port: 0, adminPort, upstreamPort: 0, cluster: { load_assignment: RICH } });
  const flags = ["--roles", "health,eds", "--eds-listen", `127.0.0.1:${edsPort}`];
  running.push(await LiveProxy.start("starling", yaml, adminPort, flags));
  return edsPort;
}

describe("an Envoy with the endpoints of a node", () => {
  before(function () {
    if (!envoyInstalled()) this.skip();
  });

  afterEach(() => Promise.all(running.splice(0).map((one) => one.stop())));

  it("takes what docs/keep-your-envoys.md says to write", () => {
    const [, clusters = ""] = /```yaml\n(.*?)```/s.exec(sourceText("docs/keep-your-envoys.md")) ?? [];
    const file = `node: { id: a, cluster: b }\nstatic_resources:\n  clusters:\n${clusters.replaceAll(/^/gm, "  ")}`;
    assert.match(
      execFileSync("envoy", ["--mode", "validate", "--config-yaml", file], { stdio: "pipe" }).toString(),
      /OK/,
    );
  });

  it("has what it would have if they stood in its own file: localities, priorities, weights, names, health", async () => {
    const edsPort = await startNode();
    const served = await startEnvoy("served", edsPort);
    const own = await startEnvoy("own", edsPort, RICH);
    await eventually(async () => (await served.facts()).length > 0);
    assert.deepEqual(await served.facts(), await own.facts());
    assert.equal((await own.facts()).length, 8 * 8);
    assert.equal(await served.stat(`cluster.${CLUSTER}.update_rejected`), 0);
  });
});
