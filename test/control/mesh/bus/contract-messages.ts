// The bus contract: what becomes of messages and requests while all is well.
import assert from "node:assert/strict";
import { PAYLOAD_BYTES_MAX } from "../../../../src/control/mesh/bus/bus.ts";
import { ask, bytes, type ContractTest, collect, text, within } from "./contract-stage.ts";

/** By title. */
export const MESSAGES: Readonly<Record<string, ContractTest>> = {
  "delivers to every subscriber, the sender included": async (stage) => {
    const [one, two] = [await stage.join(), await stage.join()];
    const heard = [collect(one.bus, "mesh.m.beat"), collect(two.bus, "mesh.m.beat"), collect(two.bus, "mesh.m.beat")];
    await stage.settle();
    assert.equal(one.bus.publish("mesh.m.beat", bytes("here")), "sent");
    await stage.settle();
    assert.deepEqual(heard, [["mesh.m.beat here"], ["mesh.m.beat here"], ["mesh.m.beat here"]]);
    assert.deepEqual([one.bus.counters.sent, one.bus.counters.received, two.bus.counters.received], [1, 1, 2]);
  },

  "understands wildcards for one token and for the rest": async (stage) => {
    const { bus } = await stage.join();
    const heard = ["a.*.c", "a.>", "*", ">", "a.b"].map((subject) => collect(bus, subject));
    await stage.settle();
    for (const subject of ["a", "a.b", "a.b.c", "a.x.c", "b.b.c"]) bus.publish(subject, bytes(""));
    await stage.settle();
    assert.deepEqual(
      heard.map((messages) => messages.map((text) => text.trim())),
      [["a.b.c", "a.x.c"], ["a.b", "a.b.c", "a.x.c"], ["a"], ["a", "a.b", "a.b.c", "a.x.c", "b.b.c"], ["a.b"]],
    );
  },

  "gives each message to one of a group, and to all who are in none": async (stage) => {
    const [one, two] = [await stage.join(), await stage.join()];
    const first = collect(one.bus, "work.>", "crew");
    const second = collect(two.bus, "work.*", "crew");
    const other = collect(two.bus, "work.*", "other");
    const all = collect(one.bus, "work.*");
    await stage.settle();
    for (let i = 0; i < 200; i++) two.bus.publish("work.now", bytes(String(i)));
    await stage.settle();
    assert.deepEqual([first.length + second.length, other.length, all.length], [200, 200, 200]);
    assert.deepEqual(new Set([...first, ...second]).size, 200);
    assert.ok(first.length > 40 && second.length > 40, `${first.length} and ${second.length}`);
  },

  "keeps the order of one sender, and the bytes": async (stage) => {
    const [one, two] = [await stage.join(), await stage.join()];
    const heard: string[] = [];
    two.bus.subscribe("order", ({ payload }) => heard.push(Buffer.from(payload).toString("latin1")));
    await stage.settle();
    const sent = Array.from({ length: 500 }, (_, i) => `${i}\r\n\u0000\u00ff${"x".repeat(i)}`);
    for (const text of sent) one.bus.publish("order", Buffer.from(text, "latin1"));
    await stage.settle();
    assert.deepEqual(heard, sent);
  },

  "carries headers, also twice by one name, beside any payload": async (stage) => {
    const { bus } = await stage.join();
    const heard: unknown[] = [];
    bus.subscribe("told", ({ headers, payload }) => heard.push([headers, payload.length]));
    await stage.settle();
    const headers = [
      ["traceparent", "00-1-2-01"],
      ["Via", "a: b"],
      ["Via", "c"],
      ["empty", ""],
    ] as const;
    bus.publish("told", new Uint8Array(), headers);
    bus.publish("told", new Uint8Array(PAYLOAD_BYTES_MAX), headers);
    bus.publish("told", bytes("none"));
    await stage.settle();
    assert.deepEqual(heard, [
      [headers, 0],
      [headers, PAYLOAD_BYTES_MAX],
      [[], 4],
    ]);
  },

  "hands out payloads that stay as they were": async (stage) => {
    const { bus } = await stage.join();
    const kept: Uint8Array[] = [];
    bus.subscribe("kept", ({ payload }) => kept.push(payload));
    await stage.settle();
    const payload = bytes("first");
    bus.publish("kept", payload);
    await stage.settle();
    payload.fill(0);
    for (let i = 0; i < 100; i++) bus.publish("kept", bytes(`other ${i}`));
    await stage.settle();
    assert.equal(Buffer.from(kept[0] ?? []).toString(), "first");
  },

  "delivers nothing after unsubscribe, while others go on": async (stage) => {
    const { bus } = await stage.join();
    const heard: string[] = [];
    const subscription = bus.subscribe("news", () => {
      heard.push("one");
      subscription?.unsubscribe();
    });
    const other = collect(bus, "news");
    await stage.settle();
    bus.publish("news", bytes("1"));
    bus.publish("news", bytes("2"));
    await stage.settle();
    subscription?.unsubscribe();
    bus.publish("news", bytes("3"));
    await stage.settle();
    assert.deepEqual([heard, other], [["one"], ["news 1", "news 2", "news 3"]]);
  },

  "says by flush that the broker has what came before": async (stage) => {
    const [one, two] = [await stage.join(), await stage.join()];
    const heard = collect(one.bus, "flushed");
    assert.equal(await within(stage, one.bus.flush()), true);
    two.bus.publish("flushed", bytes("yes"));
    assert.equal(await within(stage, two.bus.flush()), true);
    assert.equal(await within(stage, one.bus.flush()), true);
    assert.deepEqual(heard, ["flushed yes"]);
  },
};

/** By title. */
export const REQUESTS: Readonly<Record<string, ContractTest>> = {
  "brings the first answer to a request, after the call": async (stage) => {
    const [one, two] = [await stage.join(), await stage.join()];
    two.bus.subscribe("ask", (message) => {
      assert.equal(message.respond(bytes(`to ${text(message.payload)}`), [["kind", "first"]]), "sent");
      message.respond(bytes("again"));
    });
    await stage.settle();
    const outcomes = ask(one.bus, "ask", 2_000);
    assert.equal(outcomes.at(0), undefined);
    await stage.until(() => outcomes.length > 0);
    await stage.settle();
    assert.equal(outcomes.length, 1);
    const [outcome] = outcomes;
    assert.ok(outcome?.kind === "answer");
    assert.deepEqual([text(outcome.message.payload), outcome.message.headers], ["to ask", [["kind", "first"]]]);
    assert.equal(outcome.message.respond(bytes("thanks")), "no-reply");
  },

  "says at once that nobody listens": async (stage) => {
    const { bus } = await stage.join();
    const outcomes = ask(bus, "nobody.here", 60_000);
    await stage.until(() => outcomes.length > 0);
    assert.deepEqual(outcomes, [{ kind: "no-responders" }]);
  },

  "ends a request without answer when its time is over": async (stage) => {
    const { bus } = await stage.join();
    bus.subscribe("silent", () => {});
    await stage.settle();
    const outcomes = ask(bus, "silent", 50);
    await stage.until(() => outcomes.length > 0);
    assert.deepEqual(outcomes, [{ kind: "timeout" }]);
  },

  "keeps many requests apart": async (stage) => {
    const [one, two] = [await stage.join(), await stage.join()];
    two.bus.subscribe("echo.*", (message) => message.respond(bytes(message.subject)));
    await stage.settle();
    const asked = Array.from({ length: 100 }, (_, i) => ask(one.bus, `echo.${i}`, 5_000));
    await stage.until(() => asked.every((outcomes) => outcomes.length === 1));
    const answers = asked.map(([outcome]) => (outcome?.kind === "answer" ? text(outcome.message.payload) : ""));
    assert.deepEqual(
      answers,
      asked.map((_, i) => `echo.${i}`),
    );
  },
};
