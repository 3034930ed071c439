// h2spec, strict, against the HTTP/2 codec behind a plain socket.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { findH2spec, runH2spec } from "./run.ts";
import { startConformanceServer } from "./server.ts";

const MISSING = "h2spec is not installed: go install github.com/summerwind/h2spec/cmd/h2spec@latest";

describe("h2spec", () => {
  const tool = findH2spec();
  let server: Awaited<ReturnType<typeof startConformanceServer>>;

  before(async function () {
    if (tool === null) {
      assert.notEqual(process.env["CI"], "true", MISSING);
      console.log(`      skipped: ${MISSING}`);
      this.skip();
    }
    server = await startConformanceServer();
  });

  after(() => server?.close());

  it("passes all 146 strict cases in cleartext", async function () {
    this.timeout(300_000);
    const result = await runH2spec(tool ?? "", { host: "127.0.0.1", port: server.port, tls: false });
    assert.equal(result.failed, 0, result.text);
    assert.equal(result.passed, 146, result.text);
  });
});
