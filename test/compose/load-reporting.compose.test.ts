import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { buildImages, Containers, engineAnswers, leaveNothing, waitFor } from "../support/containers.ts";
import { freePort } from "../support/live-proxy.ts";

let containers: Containers;

describe("the load reporting document in containers", function () {
  this.timeout(300_000);

  before(async function () {
    if (!engineAnswers()) this.skip();
    await buildImages();
    containers = await Containers.of("load-reporting.yaml", {}, { PORT_RANGE: await twoPorts() });
    await containers.typed("docker compose -f compose/load-reporting.yaml up -d --scale http_service=2");
  });

  after(() => leaveNothing(containers));

  it("runs two proxies that the server asks for their load each 2 s", async () => {
    await waitFor(async () => (nodesIn(await log()).size === 2 ? true : null));
    assert.match(await log(), /LRS Server is up and running on :18000/);
  });

  it("counts the script's fifty requests, once each, over both", async () => {
    const ports = await Promise.all([1, 2].map(async (index) => (await published(index)).replace(/.*:/, "").trim()));
    for (const port of ports) await waitFor(() => containers.page(`127.0.0.1:${port}/service`));
    const before = await waitFor(async () => (successes(await log()) === 2 ? 2 : null));
    await containers.script("config/load-reporting/send_requests.sh", ...ports);
    await waitFor(async () => (successes(await log()) === before + 50 ? true : null));
  });

  it("goes on when the server is killed and starts again", async () => {
    await containers.compose("kill", "lrs_server");
    // Before it starts again: each proxy is asked once a stream, maybe while the command still waits for the engine.
    const seen = (await log()).length;
    await containers.compose("up", "-d", "--scale", "http_service=2");
    await waitFor(async () => (nodesIn((await log()).slice(seen)).size === 2 ? true : null));
  });
});

function log(): Promise<string> {
  return containers.typed("docker compose -f compose/load-reporting.yaml logs lrs_server");
}

/** Nodes whose interval is told: a name is the container's. */
function nodesIn(text: string): ReadonlySet<string> {
  const told = text.matchAll(
    /Creating LRS response for cluster http_service, node ([0-9a-f]{12}) with frequency 2 secs/g,
  );
  return new Set([...told].map(([, node = ""]) => node));
}

/** Successful requests of localities in all reports so far. */
function successes(text: string): number {
  const localities = text.matchAll(/upstream_locality_stats:<locality:<[^>]*> ?total_successful_requests:(\d+)/g);
  return [...localities].reduce((sum, [, count]) => sum + Number(count), 0);
}

function published(index: number): Promise<string> {
  return containers.compose("port", "--index", String(index), "http_service", "80");
}

/** Two ports side by side, as a range; the engine says it when the second is taken. */
async function twoPorts(): Promise<string> {
  const first = await freePort();
  return `${first}-${first + 1}`;
}
