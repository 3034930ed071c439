import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { LeaseBook } from "../../src/supervisor/lease-book.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

let clock: VirtualClock;
let book: LeaseBook;

describe("the leases of announcers", () => {
  beforeEach(() => {
    clock = new VirtualClock();
    book = new LeaseBook(clock, "here");
  });

  it("run out between two words about them", () => {
    book.told([{ node: "app", remainingMs: 4_000 }], false);
    clock.advanceMs(1_500);
    assert.equal(book.of("app"), 2_500);
    clock.advanceMs(9_000);
    assert.equal(book.of("app"), 0);
  });

  it("are the longer one of two processes under one name", () => {
    book.told(
      [4_000, 5_000, 3_000].map((remainingMs) => ({ node: "app", remainingMs })),
      false,
    );
    assert.equal(book.of("app"), 5_000);
  });

  it("are whole for whoever has just come", () => {
    book.told([], false);
    assert.equal(book.of("app"), 5_000);
  });

  it("do not run while the bus or the mesh thread is lost", () => {
    book.told([{ node: "app", remainingMs: 4_000 }], true);
    assert.equal(book.of("app"), "held");
    book.told([{ node: "app", remainingMs: 4_000 }], false);
    book.hold();
    assert.equal(book.of("app"), "held");
  });

  it("are not needed by this node's own endpoints", () => {
    book.hold();
    assert.equal(book.of("here"), "own");
  });
});
