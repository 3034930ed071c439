// h2spec, strict, through the whole program with a service behind it, in cleartext and over TLS.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { after, before, describe, it } from "mocha";
import { closeService } from "../../support/hello-service.ts";
import { Stage } from "../../support/stage.ts";
import { h2specInstalled, runH2spec } from "./run.ts";

describe("h2spec through the proxy", function () {
  this.timeout(300_000);
  let service: Server;

  before(async function () {
    if (!h2specInstalled()) this.skip();
    service = await echoService();
  });

  after(async () => {
    if (service !== undefined) await closeService(service);
  });

  for (const tls of [false, true]) {
    it(`passes all 146 strict cases ${tls ? "over TLS with ALPN h2" : "in cleartext"}`, async () => {
      const address = service.address();
      const upstreamPort = typeof address === "object" ? (address?.port ?? 0) : 0;
      // Cleartext by prior knowledge: with AUTO a wrong preface is a bad HTTP/1 request, which has its answer.
      const how = tls ? { alpn: ["h2", "http/1.1"] } : { manager: { codec_type: "HTTP2" } };
      const stage = await Stage.start({ upstreamPort, ...how });
      try {
        const result = await runH2spec({ host: "127.0.0.1", port: stage.port, tls });
        assert.equal(result.failed, 0, result.text);
        assert.equal(result.passed, 146, result.text);
        await stage.untilIdle();
      } finally {
        await stage.stop();
      }
    });
  }
});

/** Answers a GET with a few bytes and a POST with its own body. */
function echoService(): Promise<Server> {
  const service = createServer((request, response) => {
    const body: Buffer[] = [];
    request.on("data", (bytes: Buffer) => body.push(bytes));
    request.on("end", () => response.end(request.method === "POST" ? Buffer.concat(body) : "hello from behind\n"));
  });
  return new Promise((resolve) => service.listen(0, "127.0.0.1", () => resolve(service)));
}
