import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { composeFiles } from "../support/compose-files.ts";
import { Containers, command, engineAnswers } from "../support/containers.ts";

describe("the mesh's profile of observability", function () {
  this.timeout(60_000);

  before(function () {
    if (!engineAnswers()) this.skip();
  });

  it("adds a collector with Jaeger and Prometheus with Grafana, and nothing without being asked", async () => {
    const containers = await Containers.of("mesh.yaml");
    const without = (await containers.compose("config", "--services")).trim().split("\n");
    const all = (await containers.compose("--profile", "observability", "config", "--services")).trim().split("\n");
    assert.deepEqual(all.filter((name) => !without.includes(name)).sort(), [
      "grafana",
      "jaeger",
      "otel-collector",
      "prometheus",
    ]);
    const config = JSON.parse(await containers.compose("--profile", "observability", "config", "--format", "json"));
    assert.equal(config.services.grafana.ports[0].target, 3000);
    assert.equal(config.services["front-envoy-1"].sysctls["net.ipv4.tcp_migrate_req"], "1");
  });

  it("and every file of compose/ is taken by compose without a word", async () => {
    for (const file of composeFiles()) {
      const checked = ["compose", "-f", `compose/${file}`, "--profile", "*", "config", "--quiet"];
      assert.deepEqual(await command("docker", checked), { code: 0, out: "", err: "" }, file);
    }
  });
});
