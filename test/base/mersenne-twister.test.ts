// MT19937 against what the C++ standard says of it ([rand.predef]: the 10000th number of a default-constructed one).
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { MersenneTwister } from "../../src/base/mersenne-twister.ts";

describe("MT19937", () => {
  it("gives the numbers of every other implementation", () => {
    const random = new MersenneTwister(5_489);
    const numbers = Array.from({ length: 10_000 }, () => random.next32());
    assert.equal(numbers[0], 3_499_211_612);
    assert.equal(numbers[9_999], 4_123_659_995);
  });
});
