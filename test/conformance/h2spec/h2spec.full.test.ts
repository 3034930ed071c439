// h2spec, strict, against the HTTP/2 codec behind a plain socket.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { h2specInstalled, runH2spec } from "./run.ts";
import { startConformanceServer } from "./server.ts";

describe("h2spec", () => {
  let server: Awaited<ReturnType<typeof startConformanceServer>>;

  before(async function () {
    if (!h2specInstalled()) this.skip();
    server = await startConformanceServer();
  });

  after(() => server?.close());

  it("passes all 146 strict cases in cleartext", async function () {
    this.timeout(300_000);
    const result = await runH2spec({ host: "127.0.0.1", port: server.port, tls: false });
    assert.equal(result.failed, 0, result.text);
    assert.equal(result.passed, 146, result.text);
  });
});
