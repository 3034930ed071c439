// Who may connect when several workers have one bucket; that Envoy closes and counts the same is asked in
// test/differential/connection-rates.full.test.ts.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ConnectionRatePlan, FilterChainPlan } from "../../src/config/plan/listener.ts";
import { ConnectionRates } from "../../src/dataplane/connection-rates.ts";
import { RateMemory } from "../../src/supervisor/rate-memory.ts";
import { ExchangeWorld } from "../support/exchange-harness.ts";
import { listener } from "../support/listener-plans.ts";

const RATE: ConnectionRatePlan = {
  statPrefix: "few",
  bucket: { tokensMax: 3, tokensPerFill: 1, fillMs: 1_000 },
  bucketKey: "k",
  isEnabled: true,
  runtimeKey: "limits",
};
const BUCKETS = [{ key: "k", words: 1 }];

function worker(memory: RateMemory): { readonly world: ExchangeWorld; admits(): boolean } {
  const plan = listener();
  const chain: FilterChainPlan = { ...(plan.filterChains[0] as FilterChainPlan), rates: [RATE] };
  const limited = { ...plan, filterChains: [chain] };
  const world = new ExchangeWorld(limited, { rateBuckets: memory.of({ rateBuckets: BUCKETS }) });
  const rates = new ConnectionRates(world.services, limited);
  return { world, admits: () => rates.admits(chain) };
}

describe("a limit of new connections", () => {
  it("is one for all workers, and outlives each", () => {
    const memory = new RateMemory();
    const [a, b] = [worker(memory), worker(memory)];
    assert.deepEqual([a.admits(), b.admits(), a.admits(), b.admits(), a.admits()], [true, true, true, false, false]);
    assert.equal(worker(memory).admits(), false);
    a.world.clock.advanceMs(1_000);
    assert.deepEqual([a.admits(), a.admits()], [true, false]);
    assert.deepEqual(
      ["local_rate_limit.few.rate_limited", "http.main.downstream_cx_total"].map((name) => a.world.stat(name)),
      [2, 2],
    );
  });

  it("is off while the runtime says so", () => {
    const one = worker(new RateMemory());
    const admitted = (text: string): boolean => {
      one.world.runtime.assign({ limits: text });
      return one.admits();
    };
    assert.deepEqual(
      [1, 2, 3, 4].map(() => one.admits()),
      [true, true, true, false],
    );
    assert.deepEqual(["false", "true", "0", "False"].map(admitted), [true, false, false, true]);
  });
});
