import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { DnsSimulation, endpoint, records } from "./dns-simulation.ts";

describe("DNS discovery", () => {
  it("makes one host of every A record", () => {
    const sim = new DnsSimulation({ names: ["myservice"] });
    sim.answer("myservice", records("127.0.0.1", "127.0.0.2"));
    assert.deepEqual(sim.hosts(), ["127.0.0.1:80", "127.0.0.2:80"]);
    assert.deepEqual(sim.counters(), { update_attempt: 1, update_success: 1 });
  });

  it("counts an answer with the same members as no rebuild, in whatever order they come", () => {
    const sim = new DnsSimulation({ names: ["myservice"] });
    sim.answer("myservice", records("127.0.0.1", "127.0.0.2"));
    sim.clock.advanceMs(6_000);
    sim.answer("myservice", records("127.0.0.2", "127.0.0.1"));
    assert.deepEqual(sim.counters(), {
      update_attempt: 2,
      update_success: 2,
      update_no_rebuild: 1,
    });
  });

  it("makes the same address behind several names of a cluster as many hosts", () => {
    const sim = new DnsSimulation({ names: ["a", "b", "c"] });
    for (const name of ["a", "b", "c"]) sim.answer(name, records("127.0.0.1"));
    assert.deepEqual(sim.hosts(), ["127.0.0.1:80", "127.0.0.1:80", "127.0.0.1:80"]);
  });

  it("tells a cluster whole once, and then only what changed", () => {
    const sim = new DnsSimulation({ names: ["a", "b"] });
    sim.answer("a", records("127.0.0.1", "127.0.0.2", "127.0.0.3"));
    sim.answer("b", records("127.0.0.2"));
    sim.clock.advanceMs(6_000);
    sim.answer("a", records("127.0.0.3", "127.0.0.1", "127.0.0.4"));
    assert.deepEqual(sim.told, [3, 1, 2]);
    assert.deepEqual(sim.hosts().sort(), ["127.0.0.1:80", "127.0.0.2:80", "127.0.0.3:80", "127.0.0.4:80"]);
    assert.deepEqual(
      sim.published.find(({ address }) => address.kind === "socket" && address.host === "127.0.0.2")?.hostname,
      "b",
    );
  });

  it("reports a cluster once, when the last of its names has answered or failed", () => {
    const sim = new DnsSimulation({ names: ["a", "b"] });
    sim.answer("a", records("127.0.0.1"));
    assert.deepEqual(sim.answered, []);
    sim.fail("b", "SERVFAIL");
    sim.clock.advanceMs(6_000);
    sim.answer("a", records("127.0.0.1"));
    assert.deepEqual(sim.answered, ["c"]);
  });

  it("takes the same address twice behind one name as one host", () => {
    const sim = new DnsSimulation({ names: ["a"] });
    sim.answer("a", records("127.0.0.1", "127.0.0.1"));
    assert.deepEqual(sim.hosts(), ["127.0.0.1:80"]);
  });

  it("tells once of a name that has no address, and again after it had one", () => {
    const sim = new DnsSimulation({ names: ["a"] });
    const told = "a of cluster c has no address: DNS knows no such name, or none of its family";
    sim.answer("a", records());
    sim.clock.advanceMs(6_000);
    sim.answer("a", records());
    assert.deepEqual(sim.logs, [told]);
    sim.clock.advanceMs(6_000);
    sim.answer("a", records("127.0.0.1"));
    sim.clock.advanceMs(6_000);
    sim.answer("a", records());
    assert.deepEqual(sim.hosts(), []);
    assert.deepEqual(sim.logs, [told, told]);
    assert.deepEqual(sim.levels, ["warning", "warning"]);
  });

  it("keeps the hosts when the name service fails", () => {
    const sim = new DnsSimulation({ names: ["a"] });
    sim.answer("a", records("127.0.0.1"));
    sim.clock.advanceMs(6_000);
    sim.fail("a", "SERVFAIL");
    assert.deepEqual(sim.hosts(), ["127.0.0.1:80"]);
    assert.deepEqual(sim.counters(), {
      update_attempt: 2,
      update_success: 1,
      update_failure: 1,
    });
    assert.deepEqual(sim.logs, ["DNS resolution failed for a of cluster c: SERVFAIL"]);
  });

  it("empties a strict cluster when the name is gone", () => {
    const sim = new DnsSimulation({ names: ["a"] });
    sim.answer("a", records("127.0.0.1"));
    sim.clock.advanceMs(6_000);
    sim.answer("a", []);
    assert.deepEqual(sim.hosts(), []);
    assert.equal(sim.counters().update_success, 2);
  });

  it("counts a name that never existed as a success without a rebuild", () => {
    const sim = new DnsSimulation({ names: ["a"] });
    sim.answer("a", []);
    assert.deepEqual(sim.counters(), { update_attempt: 1, update_success: 1, update_no_rebuild: 1 });
  });

  it("looks up again after dns_refresh_rate", () => {
    const sim = new DnsSimulation({ names: ["a"], refreshMs: 5_000 });
    sim.answer("a", records("127.0.0.1"));
    sim.clock.advanceMs(4_900);
    assert.equal(sim.pending("a"), false);
    sim.clock.advanceMs(200);
    assert.equal(sim.pending("a"), true);
  });

  it("follows the smallest TTL with respect_dns_ttl, and the refresh rate without", () => {
    const follows = new DnsSimulation({ names: ["a"], respectTtl: true });
    follows.answer("a", [
      { host: "127.0.0.1", ttlS: 2 },
      { host: "127.0.0.2", ttlS: 60 },
    ]);
    follows.clock.advanceMs(2_100);
    assert.equal(follows.pending("a"), true);
    const ignores = new DnsSimulation({ names: ["a"], respectTtl: false });
    ignores.answer("a", [{ host: "127.0.0.1", ttlS: 2 }]);
    ignores.clock.advanceMs(2_100);
    assert.equal(ignores.pending("a"), false);
  });

  it("adds at most dns_jitter to the refresh", () => {
    const sim = new DnsSimulation({ names: ["a"], refreshMs: 1_000, jitterMs: 500 });
    sim.answer("a", records("127.0.0.1"));
    sim.clock.advanceMs(990);
    assert.equal(sim.pending("a"), false);
    sim.clock.advanceMs(540);
    assert.equal(sim.pending("a"), true);
  });

  it("backs off after failures, up to the configured limit", () => {
    const sim = new DnsSimulation({ names: ["a"], failureBaseMs: 100, failureMaxMs: 800 });
    for (let failures = 1; failures <= 10; failures++) {
      sim.fail("a", "timeout");
      sim.clock.advanceMs(Math.min(800, 100 * 2 ** (failures - 1)) + 30);
      assert.equal(sim.pending("a"), true, `after failure ${failures}`);
    }
  });

  it("reports that all clusters are initialized once every name has had an answer or a failure", () => {
    const sim = new DnsSimulation({ names: ["a", "b"] });
    sim.answer("a", records("127.0.0.1"));
    assert.deepEqual(sim.initialized, []);
    sim.fail("b", "timeout");
    assert.deepEqual(sim.initialized, [1]);
  });

  it("does not keep listeners waiting for ever", () => {
    const sim = new DnsSimulation({ names: ["a"] });
    sim.clock.advanceMs(15_100);
    assert.deepEqual(sim.initialized, [1]);
    assert.deepEqual(sim.logs, ["no answer for a within 15 s: serving without"]);
  });

  it("keeps nobody waiting for a cluster with wait_for_warm_on_init: false", () => {
    const sim = new DnsSimulation({ names: ["a"], delaysStart: false });
    assert.deepEqual(sim.initialized, [1]);
    sim.answer("a", records("127.0.0.1"));
    assert.deepEqual([sim.hosts(), sim.answered], [["127.0.0.1:80"], ["c"]]);
  });

  it("warns of no such name that nobody waits for", () => {
    const sim = new DnsSimulation({ names: ["a"], delaysStart: false });
    sim.answer("a", []);
    assert.deepEqual(sim.levels, ["info"]);
  });

  it("ignores an answer for a cluster that a new plan dropped, and keeps the others' hosts", () => {
    const sim = new DnsSimulation({ names: ["a"] });
    sim.assign(2, []);
    sim.answer("a", records("127.0.0.1"));
    assert.deepEqual(sim.hosts(), []);
    assert.equal(sim.clock.wheel.size, 0);
  });

  it("does not look up again what an unchanged cluster knows already", () => {
    const sim = new DnsSimulation({ names: ["a"] });
    sim.answer("a", records("127.0.0.1"));
    sim.assign(2, [sim.cluster]);
    assert.equal(sim.pending("a"), false);
    assert.deepEqual(sim.initialized, [1, 2]);
  });

  it("is silent after a stop", () => {
    const sim = new DnsSimulation({ names: ["a"] });
    sim.answer("a", records("127.0.0.1"));
    sim.host.tell({ type: "stop" });
    sim.clock.advanceMs(60_000);
    assert.equal(sim.counters().update_attempt, 1);
  });
});

describe("logical DNS", () => {
  it("uses the first address only, and stays one host when it changes", () => {
    const sim = new DnsSimulation({ names: ["a"], kind: "logical_dns" });
    sim.answer("a", records("127.0.0.1", "127.0.0.2"));
    sim.clock.advanceMs(6_000);
    sim.answer("a", records("127.0.0.3"));
    assert.deepEqual(sim.hosts(), ["127.0.0.3:80"]);
    assert.deepEqual(sim.counters(), { update_attempt: 2, update_success: 2 });
  });

  it("keeps its host when the name is gone, which counts as a failure", () => {
    const sim = new DnsSimulation({ names: ["a"], kind: "logical_dns" });
    sim.answer("a", records("127.0.0.1"));
    sim.clock.advanceMs(6_000);
    sim.answer("a", []);
    assert.deepEqual(sim.hosts(), ["127.0.0.1:80"]);
    assert.equal(sim.counters().update_failure, 1);
  });
});

describe("a resolved endpoint", () => {
  it("keeps weight, priority and hostname of the configured one", () => {
    const sim = new DnsSimulation({ names: ["a"], endpoints: [{ ...endpoint("a"), weight: 7, priority: 1 }] });
    sim.answer("a", records("127.0.0.9"));
    const [resolved] = sim.published;
    assert.deepEqual([resolved?.hostname, resolved?.weight, resolved?.priority], ["a", 7, 1]);
  });
});
