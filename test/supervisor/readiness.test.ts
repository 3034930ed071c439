import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ReadinessBook } from "../../src/supervisor/readiness.ts";

describe("readiness", () => {
  it("is LIVE when nothing is awaited and nothing fails", () => {
    assert.deepEqual(new ReadinessBook().current(), { state: "LIVE", reasons: [], remarks: [] });
  });

  it("is PRE_INITIALIZING with its reasons until everything has arrived", () => {
    const book = new ReadinessBook();
    book.awaits("clusters", "no endpoints yet");
    book.awaits("worker-0", "worker 0 is starting");
    book.arrived("clusters");
    assert.deepEqual(book.current(), { state: "PRE_INITIALIZING", reasons: ["worker 0 is starting"], remarks: [] });
    book.arrived("worker-0");
    assert.equal(book.current().state, "LIVE");
  });

  it("puts what fails before what is awaited, and ends with recovery", () => {
    const book = new ReadinessBook();
    book.awaits("clusters", "no endpoints yet");
    book.fails("worker-0", "worker 0 keeps dying");
    assert.deepEqual(book.current().reasons, ["worker 0 keeps dying", "no endpoints yet"]);
    book.recovered("worker-0");
    assert.deepEqual(book.current().reasons, ["no endpoints yet"]);
  });

  it("is LIVE with a remark, until that is taken back", () => {
    const book = new ReadinessBook();
    book.remarks("mesh", "resigned");
    book.remarks("roles", "no listeners");
    assert.deepEqual(book.current(), { state: "LIVE", reasons: [], remarks: ["resigned", "no listeners"] });
    book.remarks("mesh", "");
    assert.deepEqual(book.current().remarks, ["no listeners"]);
  });

  it("is DRAINING while told so, whatever else is the matter", () => {
    const book = new ReadinessBook();
    book.fails("worker-0", "worker 0 keeps dying");
    book.drains("told so");
    assert.deepEqual(book.current(), {
      state: "DRAINING",
      reasons: ["told so", "worker 0 keeps dying"],
      remarks: [],
    });
    book.drains("");
    assert.equal(book.current().state, "PRE_INITIALIZING");
  });
});
