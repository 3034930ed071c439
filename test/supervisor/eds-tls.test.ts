// Endpoints for other proxies over TLS: a whole node, and clients with and without a certificate.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import { after, before, describe, it } from "mocha";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { eventually, startTestNode } from "../support/nodes.ts";
import { PROJECT } from "../support/source-files.ts";
import { XdsClient } from "../support/xds-client.ts";

const CERTS = join(PROJECT, "test/support/certs");
const FILE = `
static_resources:
  clusters:
  - name: a
    load_assignment:
      cluster_name: a
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 9 } } } }] }]
`;

function pem(name: string): Buffer {
  return readFileSync(join(CERTS, `${name}.pem`));
}

describe("a node that serves endpoints over TLS", () => {
  let node: RunningNode;
  let port = 0;

  before(async () => {
    const said = {
      roles: "health,eds",
      "eds-listen": "127.0.0.1:0",
      "eds-cert": join(CERTS, "front.pem"),
      "eds-key": join(CERTS, "front.key.pem"),
      "eds-ca": join(CERTS, "ca.pem"),
    };
    const overrides = Object.entries(said).map(([name, text]) => [name, { text, source: `--${name}` }] as const);
    const { plan } = loadPlan({ file: "test.yaml", text: FILE }, { overrides: new Map(overrides) });
    assert.ok(plan !== null);
    node = await startTestNode(plan);
    port = node.view.plan().eds?.listen.port ?? 0;
  });

  after(() => node.stop());

  const clients: readonly (readonly [name: string, as: ChannelCredentials, isServed: boolean])[] = [
    ["shows a certificate of the authority", credentials.createSsl(pem("ca"), pem("client.key"), pem("client")), true],
    ["shows none", credentials.createSsl(pem("ca")), false],
    ["speaks cleartext", credentials.createInsecure(), false],
  ];
  for (const [name, as, isServed] of clients) {
    it(`${isServed ? "tells them to" : "tells nothing to"} a client that ${name}`, async () => {
      const client = new XdsClient(port, "sotw", as);
      client.send({ resource_names: ["a"] });
      await eventually(() => client.hasMore || client.ended !== null);
      assert.equal(client.hasMore, isServed);
      client.close();
    });
  }
});
