import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { buildImages, Containers, engineAnswers, leaveNothing, waitFor } from "../support/containers.ts";

let containers: Containers;

describe("the front-proxy document in containers", function () {
  this.timeout(300_000);

  before(async function () {
    if (!engineAnswers()) this.skip();
    await buildImages();
    containers = await Containers.of("front-proxy.yaml", { PORT_PROXY: 8080, PORT_HTTPS: 8443, PORT_ADMIN: 8001 });
    const listed = await containers.typed(
      "docker compose -f compose/front-proxy.yaml up -d --wait && docker compose -f compose/front-proxy.yaml ps",
    );
    assert.match(listed, /front-envoy.*\(healthy\)/);
  });

  after(() => leaveNothing(containers));

  it("answers for both services as Envoy does, in clear and over TLS", async () => {
    for (const [line, number] of [
      ["curl -v localhost:8080/service/1", 1],
      ["curl -v localhost:8080/service/2", 2],
      ["curl -kv https://localhost:8443/service/1", 1],
    ] as const) {
      const shown = await containers.typed(line);
      const body = new RegExp(
        `Hello from behind Envoy \\(service ${number}\\)! hostname: [0-9a-f]{12} resolvedhostname: [\\d.]+`,
      );
      assert.match(shown, body);
      assert.match(shown, /< server: envoy\r?\n/);
      assert.match(shown, /< x-envoy-upstream-service-time: \d+\r?\n/);
    }
    assert.match(await containers.typed("curl -kv https://localhost:8443/service/1"), /subject: CN=front-envoy/);
  });

  it("answers in its own container, too", async () => {
    const shown = await containers.typed(
      "docker compose -f compose/front-proxy.yaml exec front-envoy curl -s localhost:8080/service/1",
    );
    assert.match(shown, /^Hello from behind Envoy \(service 1\)!/);
  });

  it("balances over three instances when a service is scaled, and tells so in its statistics", async () => {
    await containers.typed("docker compose -f compose/front-proxy.yaml up -d --no-recreate --scale service1=3");
    await waitFor(async () => ((await hostnames(6)).size === 3 ? true : null));
    const stats = await containers.typed("curl localhost:8001/stats");
    assert.match(stats, /^cluster\.service1\.membership_total: 3$/m);
    assert.match(stats, /^cluster\.service1\.upstream_cx_http2_total: ([3-9]|\d\d+)$/m);
    assert.match(stats, /^cluster\.service1\.external\.upstream_rq_200: \d+$/m);
  });

  it("shows its version and state", async () => {
    const info = JSON.parse((await containers.typed("curl localhost:8001/server_info")).replace(/\}[^}]*$/, "}"));
    assert.equal(info.state, "LIVE");
    assert.equal(info.command_line_options.service_cluster, "front-proxy");
  });

  it("goes on when an instance is killed and when one is stopped", async () => {
    const [first = "", second = ""] = (await containers.compose("ps", "--quiet", "service1")).split("\n");
    assert.notEqual(second, "");
    await containers.kill(first);
    await waitFor(async () => ((await hostnames(8)).size === 2 ? true : null));
    await containers.compose("up", "-d", "--no-recreate", "--scale", "service1=1");
    await waitFor(async () => ((await hostnames(4)).size === 1 ? true : null));
  });
});

/** Who answered to requests in a row; one that fails ends it. */
async function hostnames(requests: number): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (let i = 0; i < requests; i++) {
    const body = await containers.page("localhost:8080/service/1");
    names.add(/hostname: (\S+)/.exec(body)?.[1] ?? body);
  }
  return names;
}
