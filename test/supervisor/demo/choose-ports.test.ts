import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { choosePorts, takenText } from "../../../src/supervisor/demo/choose-ports.ts";

const probes = {
  checkAddressFree: async ({ port }: { port: number }) => (port === 8080 ? { text: "in use" } : null),
  findFreePort: async () => 41_000,
};

describe("the ports of a demo", () => {
  it("are the documents' own where these are free, and what stands for a taken one is said", async () => {
    const chosen = await choosePorts([8080, 8001], probes as unknown as Parameters<typeof choosePorts>[1]);
    assert.deepEqual([...chosen.values()], [41_000, 8001]);
    assert.equal(takenText(chosen), "Ports that are taken here, and what stands for them: 8080 → 41000\n");
  });

  it("are not mentioned when all are free", async () => {
    const chosen = await choosePorts([8001], probes as unknown as Parameters<typeof choosePorts>[1]);
    assert.equal(takenText(chosen), "");
  });
});
