import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { SeededRandom } from "../../../../src/base/random.ts";
import { createBalancer } from "../../../../src/dataplane/upstream/balance/balancer.ts";
import { PrioritySet } from "../../../../src/dataplane/upstream/balance/host-set.ts";
import { HealthFlag, healthStatusFlags } from "../../../../src/telemetry/health-table.ts";
import { home, PlainHost, tally } from "../support/plain-host.ts";

const { FailedActiveHc, FailedOutlierCheck, DegradedActiveHc, PendingActiveHc } = HealthFlag;

function setOf(...priorities: readonly (readonly PlainHost[])[]): PrioritySet<PlainHost> {
  const set = new PrioritySet<PlainHost>({ overprovisioningPercent: 140, panicThresholdPercent: 50 });
  for (const [priority, members] of priorities.entries()) set.at(priority).replace(members);
  set.refresh(true);
  return set;
}

function shares(set: PrioritySet<PlainHost>, count: number = 5_000): Record<string, number> {
  const random = new SeededRandom(5);
  const balancer = createBalancer({ kind: "round_robin", slowStart: null }, home(random));
  const names = Array.from({ length: count }, () => balancer.pick(set.choose(random))?.name ?? "none");
  return tally(names);
}

function near(actual: Record<string, number>, expected: Record<string, number>): void {
  assert.deepEqual(Object.keys(actual), Object.keys(expected).sort());
  for (const [name, share] of Object.entries(expected)) {
    assert.ok(Math.abs((actual[name] ?? 0) / 5_000 - share) < 0.025, `${name}: ${JSON.stringify(actual)}`);
  }
}

describe("host set", () => {
  it("gives the shares that Envoy was measured with", () => {
    const failed = FailedActiveHc;
    const rows = [
      { flags: [0, 0, 0, 0, 0], expected: { "p0-a": 0.5, "p0-b": 0.5 } },
      { flags: [failed, 0, 0, 0, 0], expected: { "p0-b": 0.7, "p1-a": 0.15, "p1-b": 0.15 } },
      { flags: [failed, failed, 0, 0, 0], expected: { "p1-a": 0.5, "p1-b": 0.5 } },
      { flags: [failed, failed, failed, 0, 0], expected: { "p1-b": 0.7, p2: 0.3 } },
      { flags: [healthStatusFlags("degraded"), 0, 0, 0, 0], expected: { "p0-b": 0.7, "p1-a": 0.15, "p1-b": 0.15 } },
      { flags: [healthStatusFlags("draining"), 0, 0, 0, 0], expected: { "p0-b": 1 } },
      {
        flags: [failed, failed, failed, failed, failed],
        expected: { "p0-a": 0.2, "p0-b": 0.2, "p1-a": 0.2, "p1-b": 0.2, p2: 0.2 },
      },
    ];
    for (const { flags, expected } of rows) {
      const made = ["p0-a", "p0-b", "p1-a", "p1-b", "p2"].map((name, i) => new PlainHost(name, 1, flags[i] ?? 0));
      near(shares(setOf(made.slice(0, 2), made.slice(2, 4), made.slice(4))), expected);
    }
  });

  it("uses degraded hosts for what healthy ones cannot take", () => {
    const set = setOf([
      new PlainHost("well"),
      new PlainHost("d1", 1, DegradedActiveHc),
      new PlainHost("d2", 1, DegradedActiveHc),
      new PlainHost("d3", 1, DegradedActiveHc),
    ]);
    near(shares(set), { well: 0.35, d1: 0.65 / 3, d2: 0.65 / 3, d3: 0.65 / 3 });
  });

  it("panics below half healthy, and says so by the list", () => {
    const set = setOf([
      new PlainHost("a"),
      new PlainHost("b", 1, FailedOutlierCheck),
      new PlainHost("c", 1, FailedActiveHc),
    ]);
    const list = set.choose(new SeededRandom(1));
    assert.equal(list.isPanic, true);
    assert.deepEqual(
      list.hosts.map(({ name }) => name),
      ["a", "b", "c"],
    );
  });

  it("does not count hosts that wait for their first check", () => {
    const pending = FailedActiveHc | PendingActiveHc;
    const set = setOf([new PlainHost("a"), new PlainHost("b", 1, pending), new PlainHost("c", 1, pending)]);
    const list = set.choose(new SeededRandom(1));
    assert.equal(list.isPanic, false);
    assert.deepEqual(
      list.hosts.map(({ name }) => name),
      ["a"],
    );
  });

  it("falls back to plain rotation when the healthy ones have equal weights", () => {
    const set = setOf([
      new PlainHost("a", 5, FailedActiveHc),
      new PlainHost("b"),
      new PlainHost("c"),
      new PlainHost("d"),
    ]);
    assert.equal(set.choose(new SeededRandom(1)).weightsAreEqual, true);
  });

  it("skips a priority without hosts", () => {
    near(shares(setOf([], [new PlainHost("x")])), { x: 1 });
  });
});
