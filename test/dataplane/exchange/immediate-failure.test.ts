// Answers with x-envoy-immediate-health-check-fail through one worker with its real codecs, pools and balancer.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import { closeService } from "../../support/hello-service.ts";
import { OneWorker, oneCluster } from "../../support/one-worker.ts";
import { RawClient } from "../../support/raw-client.ts";

const CHECKS = `    common_lb_config: { healthy_panic_threshold: { value: 0 } }
    health_checks: [{ timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, http_health_check: { path: / } }]
`;

describe("an answer with x-envoy-immediate-health-check-fail", () => {
  let servers: Server[];
  /** Endpoints that say so. */
  let wantOut: Set<number>;
  let worker: OneWorker;
  let client: RawClient;

  async function start(clusterPart: string): Promise<void> {
    const ports = servers.map((server) => (server.address() as AddressInfo).port);
    worker = await OneWorker.start(oneCluster(ports) + clusterPart);
    client = await RawClient.open(worker.port);
  }

  /** Statuses and endpoints of so many requests, one after the other. */
  async function ask(count: number): Promise<string[]> {
    const seen: string[] = [];
    for (let i = 0; i < count; i++) {
      const answer = await client.get("/");
      seen.push(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1] + (/\r\nendpoint:( \d)/.exec(answer)?.[1] ?? ""));
    }
    return seen;
  }

  beforeEach(async () => {
    wantOut = new Set();
    servers = [0, 1].map((index) =>
      createServer((_, response) => {
        const wish = wantOut.has(index) ? { "x-envoy-immediate-health-check-fail": "true" } : {};
        response.writeHead(200, { endpoint: index, "content-length": 0, ...wish });
        response.end();
      }),
    );
    for (const server of servers) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });

  afterEach(async () => {
    client.end();
    assert.deepEqual(await worker.stop(), []);
    await Promise.all(servers.map(closeService));
  });

  it("is the last of its endpoint: the next request goes elsewhere, and nowhere when all have said so", async () => {
    await start(CHECKS);
    assert.deepEqual(new Set(await ask(2)), new Set(["200 0", "200 1"]));
    wantOut.add(0);
    assert.deepEqual((await ask(6)).filter((answer) => answer === "200 0").length, 1);
    wantOut.add(1);
    assert.deepEqual(await ask(2), ["200 1", "503"]);
  });

  it("changes nothing for a cluster without active checks", async () => {
    await start("");
    wantOut.add(0);
    assert.deepEqual((await ask(6)).filter((answer) => answer === "200 0").length, 3);
  });
});
