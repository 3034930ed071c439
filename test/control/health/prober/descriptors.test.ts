import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { connectionsKeptMax } from "../../../../src/control/health/prober/descriptors.ts";

describe("the connections that probes may keep", () => {
  it("are those that the soft limit of descriptors leaves", () => {
    const limits = (soft: string): string =>
      `Limit                     Soft Limit           Hard Limit           Units     \nMax open files            ${soft}                20000                files     \n`;
    assert.equal(connectionsKeptMax(limits("20000")), 18_000);
    assert.equal(connectionsKeptMax(limits("1024")), 0);
    assert.equal(connectionsKeptMax(limits("unlimited")), Number.POSITIVE_INFINITY);
    assert.equal(connectionsKeptMax(""), Number.POSITIVE_INFINITY);
  });

  it("are read from this process where the system tells", () => {
    assert.ok(connectionsKeptMax() >= 0);
  });
});
