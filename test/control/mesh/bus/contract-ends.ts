// The bus contract: what is refused, and what happens when the broker goes or the bus is closed.
import assert from "node:assert/strict";
import {
  type BusEvent,
  HEADER_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  REQUESTS_MAX,
  type RequestOutcome,
  SUBSCRIPTIONS_MAX,
} from "../../../../src/control/mesh/bus/bus.ts";
import { ask, bytes, type ContractTest, collect, within } from "./contract-stage.ts";

/** By title. */
export const LIMITS: Readonly<Record<string, ContractTest>> = {
  "refuses what cannot be sent, with the reason": async (stage) => {
    const { bus } = await stage.join();
    const subjects = ["", "a..b", ".a", "a.", "a b", "a\r\nPUB b 0", "a.*", ">", "x".repeat(1_025)];
    for (const subject of subjects) assert.equal(bus.publish(subject, bytes("")), "bad-subject", subject);
    const headers = [
      ["", "v"],
      ["a:b", "v"],
      ["a b", "v"],
      ["a", "x\r\ny: z"],
      ["a", " x"],
      ["é", "v"],
    ] as const;
    for (const header of headers) assert.equal(bus.publish("a", bytes(""), [header]), "bad-headers", header.join(": "));
    assert.equal(bus.publish("a", new Uint8Array(PAYLOAD_BYTES_MAX + 1)), "too-large");
    assert.equal(bus.publish("a", bytes(""), [["a", "x".repeat(HEADER_BYTES_MAX)]]), "too-large");
    assert.equal(bus.counters.refused, subjects.length + headers.length + 2);
    const outcomes = ask(bus, "a.*", 1_000);
    await stage.until(() => outcomes.length > 0);
    assert.deepEqual(outcomes, [{ kind: "failed", reason: "bad-subject" }]);
  },

  "takes no subscription that cannot be": async (stage) => {
    const { bus } = await stage.join();
    for (const subject of ["", "a..b", "a.>.b", "a b", "a\n"])
      assert.equal(
        bus.subscribe(subject, () => {}),
        null,
      );
    assert.equal(
      bus.subscribe("a", () => {}, "two words"),
      null,
    );
    for (let i = 0; i < SUBSCRIPTIONS_MAX; i++) assert.ok(bus.subscribe(`many.${i}`, () => {}));
    assert.equal(
      bus.subscribe("many.more", () => {}),
      null,
    );
    await stage.settle();
  },

  "keeps a limited number of requests open": async (stage) => {
    const { bus } = await stage.join();
    bus.subscribe("slow", () => {});
    await stage.settle();
    const open = Array.from({ length: REQUESTS_MAX }, () => ask(bus, "slow", 60_000));
    const more = ask(bus, "slow", 60_000);
    await stage.until(() => more.length > 0);
    assert.deepEqual(more, [{ kind: "failed", reason: "full" }]);
    assert.deepEqual(open.flat(), []);
  },
};

/** By title. */
export const LOSSES: Readonly<Record<string, ContractTest>> = {
  "tells of a loss once, sends nothing meanwhile, nor later, and listens again afterwards": async (stage) => {
    const [one, two] = [await stage.join(), await stage.join()];
    const heard = collect(two.bus, "after");
    await stage.settle();
    await stage.stopBroker();
    await stage.until(() => !one.bus.isConnected && !two.bus.isConnected);
    assert.equal(one.bus.publish("after", bytes("lost")), "disconnected");
    assert.equal(await one.bus.flush(), false);
    const outcomes = ask(one.bus, "after", 5_000);
    await stage.until(() => outcomes.length > 0);
    assert.deepEqual(outcomes, [{ kind: "failed", reason: "disconnected" }]);
    const during = collect(two.bus, "after");
    const cancelled: string[] = [];
    two.bus.subscribe("after", () => cancelled.push("no"))?.unsubscribe();
    await stage.startBroker();
    await stage.until(() => one.bus.isConnected && two.bus.isConnected);
    assert.equal(one.bus.publish("after", bytes("back")), "sent");
    await stage.settle();
    assert.deepEqual([heard, during, cancelled], [["after back"], ["after back"], []]);
    assertOneLoss(one.events);
    assert.deepEqual(one.bus.counters.connects, 2);
  },

  "fails what was asked of a broker that went away": async (stage) => {
    const { bus } = await stage.join();
    bus.subscribe("asked", () => {});
    await stage.settle();
    const outcomes = ask(bus, "asked", 60_000);
    await stage.settle();
    await stage.stopBroker();
    await stage.until(() => outcomes.length > 0);
    assert.deepEqual(outcomes, [{ kind: "failed", reason: "disconnected" }]);
  },

  "connects when a broker comes later": async (stage) => {
    await stage.stopBroker();
    const { bus, events } = await stage.join();
    await stage.until(() => events.length > 0);
    assert.deepEqual([events[0]?.type, bus.isConnected], ["disconnected", false]);
    const heard = collect(bus, "late");
    await stage.startBroker();
    await stage.until(() => bus.isConnected);
    bus.publish("late", bytes("better"));
    await stage.settle();
    assert.deepEqual(heard, ["late better"]);
  },

  "ends when it is closed: what was sent goes out, nothing more comes": async (stage) => {
    const [one, two] = [await stage.join(), await stage.join()];
    const heard = collect(two.bus, "last");
    one.bus.subscribe("asked", () => {});
    await stage.settle();
    const before = one.events.length;
    const outcomes = ask(one.bus, "asked", 60_000);
    one.bus.publish("last", bytes("word"));
    const wrong = ask(one.bus, "a.*", 60_000);
    const closed = one.bus.close();
    assert.equal(one.bus.publish("last", bytes("too late")), "closed");
    assert.equal(
      one.bus.subscribe("any", () => {}),
      null,
    );
    const later = ask(one.bus, "last", 1_000);
    await within(stage, closed);
    await stage.until(() => heard.length > 0 && later.length > 0);
    await stage.settle();
    assert.deepEqual([heard, outcomes, later], [["last word"], [CLOSED], [CLOSED]]);
    assert.deepEqual(wrong, [{ kind: "failed", reason: "bad-subject" }]);
    assert.deepEqual([one.bus.isConnected, await one.bus.flush(), one.events.length], [false, false, before]);
  },

  "can be closed while it looks for a broker": async (stage) => {
    await stage.stopBroker();
    const { bus, events } = await stage.join();
    await within(stage, bus.close());
    await stage.startBroker();
    await stage.settle();
    assert.deepEqual([bus.isConnected, events.filter(({ type }) => type === "connected")], [false, []]);
  },
};

function assertOneLoss(events: readonly BusEvent[]): void {
  const reasons = events.flatMap((event) => (event.type === "disconnected" ? [event.reason] : []));
  assert.deepEqual([events[0]?.type, events.at(-1)?.type], ["connected", "connected"]);
  assert.ok(reasons.length > 0 && new Set(reasons).size === reasons.length, reasons.join(", "));
  assert.ok(reasons.every((reason) => reason !== ""));
}

const CLOSED: RequestOutcome = { kind: "failed", reason: "closed" };
