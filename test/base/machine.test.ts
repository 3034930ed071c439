import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import { describe, it } from "mocha";
import { networkName } from "../../src/base/machine.ts";

describe("the network's name", () => {
  it("is the same on every thread of a process, and says something", async () => {
    const url = new URL("../../src/base/machine.ts", import.meta.url).href;
    const code = `import(${JSON.stringify(url)}).then(({ networkName }) => require("node:worker_threads").parentPort.postMessage(networkName()))`;
    const worker = new Worker(code, { eval: true });
    const name = await new Promise((resolve) => worker.once("message", resolve));
    assert.equal(name, networkName());
    assert.ok(networkName().length > 0);
  });
});
