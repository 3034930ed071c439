import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ENVOY_FLAGS } from "../../src/supervisor/command-line/flags.ts";
import { parseFlags } from "../../src/supervisor/command-line/parse-flags.ts";
import { serveOptions } from "../../src/supervisor/command-line/serve-options.ts";
import { DrainSequence, type DrainWish } from "../../src/supervisor/drain-sequence.ts";
import { DEFAULT_LOGGER_OPTIONS, Logger } from "../../src/supervisor/log/logger.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const GRACEFUL: DrainWish = { graceful: true, skipExit: false, inboundOnly: false };

function drainOver(...flags: string[]) {
  const clock = new VirtualClock();
  const parsed = serveOptions(parseFlags(ENVOY_FLAGS, ["-c", "x", ...flags]), {});
  assert.ok(parsed.ok);
  const orders: string[] = [];
  const log = new Logger(clock, { ...DEFAULT_LOGGER_OPTIONS, level: "off" });
  const drain = new DrainSequence({ wheel: clock.wheel, log, options: parsed.options }, (order) =>
    orders.push(order.type === "start-draining" ? `drain over ${order.spreadMs}` : order.type),
  );
  return { clock, drain, orders };
}

describe("a drain of listeners", () => {
  it("asks connections to end first and closes the sockets when the drain time is over", () => {
    const { clock, drain, orders } = drainOver("--drain-time-s", "4");
    drain.start(GRACEFUL);
    clock.advanceMs(3_900);
    assert.deepEqual(orders, ["drain over 4000"]);
    clock.advanceMs(200);
    assert.deepEqual(orders, ["drain over 4000", "stop-listening"]);
  });

  it("does not spread with --drain-strategy immediate", () => {
    const { drain, orders } = drainOver("--drain-strategy=immediate");
    drain.start(GRACEFUL);
    assert.deepEqual(orders, ["drain over 0"]);
  });

  it("closes the sockets at once when it is not graceful", () => {
    const { drain, orders } = drainOver();
    drain.start({ ...GRACEFUL, graceful: false });
    assert.deepEqual(orders, ["stop-listening"]);
  });

  it("keeps the sockets open with skip_exit", () => {
    const { clock, drain, orders } = drainOver("--drain-time-s", "1");
    drain.start({ ...GRACEFUL, skipExit: true });
    clock.advanceMs(5_000);
    assert.deepEqual(orders, ["drain over 1000"]);
  });

  it("tells a worker that starts later where its siblings are", () => {
    const { drain } = drainOver();
    assert.deepEqual(drain.standing(), []);
    drain.start(GRACEFUL);
    assert.deepEqual(
      drain.standing().map(({ type }) => type),
      ["start-draining"],
    );
  });
});
