import assert from "node:assert/strict";
import fc from "fast-check";
import { afterEach, describe, it } from "mocha";
import { textMessage, textOf } from "../../../compose/apps/greeter.ts";
import { Greeter, greet } from "../../support/greeters.ts";

describe("the messages of the greeter", () => {
  it("come back as they were", () => {
    fc.assert(fc.property(fc.string({ maxLength: 400 }), (text) => assert.equal(textOf(textMessage(text)), text)));
  });

  it("are protobuf", () => {
    assert.deepEqual([...textMessage("hi")], [0x0a, 2, 0x68, 0x69]);
    assert.deepEqual([...textMessage("x".repeat(200)).subarray(0, 3)], [0x0a, 0xc8, 0x01]);
    for (const bad of [
      [0x12, 1, 0x61],
      [0x0a, 5, 0x61],
      [0x0a, 0x80],
    ])
      assert.throws(() => textOf(Buffer.from(bad)));
  });
});

describe("greeter server and client", () => {
  let greeter: Greeter;

  afterEach(() => greeter.stop());

  it("greet each other, and say errors", async () => {
    greeter = await Greeter.start("one");
    assert.deepEqual(await greet(greeter.port, "--calls=2"), Array(2).fill("Greeting: hostname:one, in:world"));
    const [error] = await greet(greeter.port, "--calls=1", "--name=err5");
    assert.match(error ?? "", /^ERROR code=5 details=asked for 5 /);
    assert.equal(await greeter.stop(), 0);
  });
});
