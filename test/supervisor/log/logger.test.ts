import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { DEFAULT_LOGGER_OPTIONS, Logger } from "../../../src/supervisor/log/logger.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

describe("the log", () => {
  it("keeps its newest lines from info on for those who look later, whatever it writes", () => {
    const clock = new VirtualClock();
    const log = new Logger(clock, { ...DEFAULT_LOGGER_OPTIONS, level: "off" });
    log.write({ level: "debug", component: "main", text: "too small" });
    log.info("main", "first");
    clock.advanceMs(1_000);
    log.warning("upstream", "second");
    assert.deepEqual(log.recent(), [
      { level: "info", component: "main", text: "first", number: 1, wallMs: 1_795_245_240_123 },
      { level: "warning", component: "upstream", text: "second", number: 2, wallMs: 1_795_245_241_123 },
    ]);
    for (let i = 0; i < 300; i++) log.info("main", `line ${i}`);
    const numbers = log.recent().map(({ number }) => number);
    assert.deepEqual([numbers.length, numbers[0], numbers.at(-1)], [200, 103, 302]);
  });
});
