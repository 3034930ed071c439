// What the traffic demo prints, typed as it stands, and what its live line says then.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { typedFrom } from "../../support/demo-guide.ts";
import { Program } from "../../support/program.ts";

let demo: Program;
let guide = "";

const typed = (words: string): Promise<string> => typedFrom(guide, words);

describe("starling demo --traffic", function () {
  this.timeout(60_000);

  afterEach(async () => {
    if (demo.child.exitCode === null) await demo.end();
  });

  it("shows how shares move when its lines are typed", async () => {
    demo = new Program("demo", "--traffic");
    guide = (await demo.says(/[\s\S]*Ctrl-C ends it/))[0];
    await demo.says(/shift: v1 \d+ % {2}v2 \d+ % of \d+ {4}\| {4}split: v1 \d+ % {2}v2 \d+ % {2}v3 \d+ % of \d+/);
    assert.equal(await typed("all to v2"), "OK\n");
    await demo.says(/shift: v2 100 % of/);
    await typed("all to v1");
    await demo.says(/shift: v1 100 % of/);
    await typed("v2 and v3 half each");
    await demo.says(/split: v2 \d+ % {2}v3 \d+ % of/);
    await typed("nobody");
    await demo.says(/split: status 404 100 % of/);
    const { entries } = JSON.parse(await typed("what each layer says")) as { entries: Record<string, unknown> };
    assert.deepEqual(entries["routing.traffic_shift.helloworld"], { layer_values: ["", "100"], final_value: "100" });
    await typed("back to the file's 33");
    await demo.says(/split: status 404 100 % of[\s\S]*split: v1 \d+ % {2}v2 \d+ % {2}v3 \d+ % of/);
    const { code, out } = await demo.end("SIGINT");
    assert.equal(code, 0);
    assert.match(out, /Everything ended; nothing is left running\./);
  });
});
