import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { buildImages, Containers, engineAnswers, leaveNothing, waitFor } from "../support/containers.ts";

const PORTS = { PORT_PROXY: 8080, PORT_ADMIN: 9901 };

let containers: Containers;

describe("the traffic shifting document in containers", function () {
  this.timeout(300_000);

  before(async function () {
    if (!engineAnswers()) this.skip();
    await buildImages();
    containers = await Containers.of("traffic-shift.yaml", PORTS);
    await containers.typed("docker compose -f compose/traffic-shift.yaml up -d --wait");
    await waitFor(() => containers.page("localhost:8080/hostname"));
  });

  after(() => leaveNothing(containers));

  it("shifts from one version to the next by a runtime key, from the very next request on", async () => {
    const counts = await containers.typed(
      "for i in $(seq 20); do curl -s localhost:8080/hostname; done | sort | uniq -c",
    );
    // Twenty at one half: none of one of them is one case in half a million.
    assert.match(counts, /\d+ ServerName: v1\n\s*\d+ ServerName: v2\n/);
    assert.deepEqual(await shares(60), ["v1", "v2"]);
    await containers.typed("curl -X POST 'localhost:9901/runtime_modify?routing.traffic_shift.helloworld=0'");
    assert.deepEqual(await shares(50), ["v2"]);
  });

  it("splits between three versions by their weights, moved at run time", async () => {
    await containers.typed("FRONT_ENVOY=traffic-split.yaml docker compose -f compose/traffic-shift.yaml up -d --wait");
    await waitFor(() => containers.page("localhost:8080/hostname"));
    assert.deepEqual(await shares(60), ["v1", "v2", "v3"]);
    const prefix = "routing.traffic_split.helloworld.helloworld";
    await containers.typed(
      `curl -X POST 'localhost:9901/runtime_modify?${prefix}_v1=0&${prefix}_v2=0&${prefix}_v3=100'`,
    );
    assert.deepEqual(await shares(50), ["v3"]);
  });

  it("goes on with what is left when a version that gets nothing is killed", async () => {
    await containers.compose("kill", "helloworld_v1");
    assert.deepEqual(await shares(30), ["v3"]);
  });
});

/** Which versions answered to requests in a row. */
async function shares(requests: number): Promise<string[]> {
  const seen = new Set<string>();
  for (let i = 0; i < requests; i++) {
    seen.add(/ServerName: (\w+)/.exec(await containers.page("localhost:8080/hostname"))?.[1] ?? "");
  }
  return [...seen].sort();
}
