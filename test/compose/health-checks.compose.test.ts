import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, afterEach, before, describe, it } from "mocha";
import { buildImages, Containers, engineAnswers, leaveNothing, waitFor } from "../support/containers.ts";
import { PROJECT, sourceText } from "../support/source-files.ts";

let folder = "";
let containers: Containers;

describe("the health-check document in containers", function () {
  this.timeout(300_000);

  before(async function () {
    if (!engineAnswers()) this.skip();
    await buildImages();
  });

  afterEach(() => leaveNothing(containers));

  after(() => {
    if (folder !== "") rmSync(folder, { recursive: true });
  });

  it("takes a side-car's app out that says FAIL, and brings it back", async () => {
    containers = await Containers.of("health-checks.yaml", {}, quick("front-envoy.yaml"));
    await containers.typed("docker compose -f compose/health-checks.yaml up -d");
    await waitFor(async () => ((await names(4)) === "blue yellow" ? true : null));
    assert.match(await containers.typed("curl http://172.29.1.2:9901/listeners"), /listener_0::0\.0\.0\.0:80/);
    // Both answer before any counts as healthy, too: that is panic.
    await waitFor(async () =>
      /^web_cluster_01::172\.29\.1\.3:80::health_flags::healthy$/m.test(
        await containers.typed("curl http://172.29.1.2:9901/clusters"),
      )
        ? true
        : null,
    );
    assert.match(await containers.typed("curl http://172.29.1.2/livez"), /OK/);
    await containers.typed("curl -X POST -d 'livez=FAIL' http://172.29.1.3/livez");
    await waitFor(async () => ((await names(6)) === "yellow" ? true : null));
    await containers.typed("curl -X POST -d 'livez=OK' http://172.29.1.3/livez");
    await waitFor(async () => ((await names(6)) === "blue yellow" ? true : null));
  });

  it("checks by connecting, and sees a side-car that is stopped", async () => {
    containers = await Containers.of("health-checks-tcp.yaml", {}, quick("front-envoy-with-tcp-check.yaml"));
    await containers.typed("docker compose -f compose/health-checks-tcp.yaml up -d");
    const healthy = (count: number) => async (): Promise<true | null> => {
      const stats = await containers.typed("curl -s http://172.30.1.2:9901/stats | grep health_check");
      return stats.includes(`cluster.web_cluster_01.health_check.healthy: ${count}\n`) ? true : null;
    };
    await waitFor(healthy(2));
    await containers.typed("docker compose -f compose/health-checks-tcp.yaml stop webserver01-sidecar");
    await waitFor(healthy(1));
    assert.match(await page("172.30.1.2"), /ServerName: yellow, ServerIP: 172\.30\.1\.4/);
  });
});

/** The document's front proxy with checks each second instead of each ten and sixty, before an app that does not sleep. */
function quick(file: string): Record<string, string> {
  folder ||= mkdtempSync(join(tmpdir(), "health-checks-"));
  const yaml = sourceText(`compose/health-checks/${file}`).replace(
    "interval: 10s",
    "interval: 1s\n      no_traffic_interval: 1s",
  );
  writeFileSync(join(folder, file), yaml);
  return { FRONT_ENVOY: relative(join(PROJECT, "compose/health-checks"), join(folder, file)), LIVEZ_SLEEP_MS: "0" };
}

/** Who answered to requests in a row. */
async function names(requests: number): Promise<string> {
  const seen = new Set<string>();
  for (let i = 0; i < requests; i++) seen.add(/ServerName: (\w+)/.exec(await page("172.29.1.2"))?.[1] ?? "");
  return [...seen].sort().join(" ");
}

async function page(address: string): Promise<string> {
  return (await fetch(`http://${address}/`, { signal: AbortSignal.timeout(5_000) })).text();
}
