import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ROTATION_MS, TicketKeys } from "../../src/supervisor/ticket-keys.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

describe("session ticket keys", () => {
  it("are 48 bytes, the same for every question, and differ between listeners", () => {
    const keys = new TicketKeys(new VirtualClock().wheel, () => {});
    assert.equal(keys.of("a").length, 48);
    assert.deepEqual(keys.of("a"), keys.of("a"));
    assert.notDeepEqual(keys.of("a"), keys.of("b"));
  });

  it("are replaced and told every 12 hours", () => {
    let nowMs = 0;
    const told: string[] = [];
    const clock = new VirtualClock();
    const keys = new TicketKeys(clock.wheel, (listener) => told.push(listener));
    const first = keys.of("a");
    for (; nowMs < ROTATION_MS + 20; nowMs += 60_000) clock.advanceMs(60_000);
    assert.deepEqual(told, ["a"]);
    assert.notDeepEqual(keys.of("a"), first);
    keys.stop();
    assert.equal(clock.wheel.size, 0);
  });
});
