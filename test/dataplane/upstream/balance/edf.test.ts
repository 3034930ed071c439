import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { SeededRandom } from "../../../../src/base/random.ts";
import { EdfSchedule } from "../../../../src/dataplane/upstream/balance/edf.ts";
import { hosts } from "../support/plain-host.ts";

describe("a schedule by deadlines", () => {
  for (const [name, weightOf] of [
    ["fixed weights", null],
    ["weights asked for at every pick", (host: { readonly weight: number }) => host.weight],
  ] as const) {
    it(`counts one round for the sum of the weights in picks, with ${name}`, () => {
      const schedule = new EdfSchedule(hosts(3, 1, 2), new SeededRandom(5), weightOf);
      for (let i = 0; i < 600; i++) schedule.pick();
      assert.ok(Math.abs(schedule.rounds - 100) <= 1, `${schedule.rounds} rounds after 600 picks of a weight of 6`);
    });
  }

  it("gives a host the share of the weight that it has now", () => {
    const [busy, idle] = hosts(1, 1);
    assert.ok(busy !== undefined && idle !== undefined);
    let busyWeight = 1;
    const schedule = new EdfSchedule([busy, idle], new SeededRandom(5), (host) => (host === busy ? busyWeight : 1));
    const share = (): number => Array.from({ length: 400 }, () => schedule.pick()).filter((one) => one === busy).length;
    assert.ok(Math.abs(share() - 200) <= 1);
    busyWeight = 1 / 3;
    assert.ok(Math.abs(share() - 100) <= 2);
  });
});
