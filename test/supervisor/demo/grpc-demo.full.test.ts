// Every line that the gRPC demo prints, typed as it stands.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, describe, it } from "mocha";
import { eventually } from "../../support/nodes.ts";
import { Program } from "../../support/program.ts";

let demo: Program;
let guide: string;

describe("starling demo --grpc", function () {
  this.timeout(60_000);

  afterEach(async () => {
    if (demo.child.exitCode === null) await demo.end();
  });

  it("spreads calls 4/4/4 through the side-car and 12/0/0 through the layer-4 proxy", async () => {
    demo = new Program("demo", "--grpc");
    guide = (await demo.says(/[\s\S]*Ctrl-C ends it/))[0];
    // The demo is ready when its proxies are; each server listens when it does.
    const greetings = new Set<string>();
    await eventually(async () => {
      const greeting = await typed("again and again");
      return greeting.startsWith("Greeting: hostname:native-tools-2-") && greetings.add(greeting).size === 3;
    });
    assert.deepEqual(numbers(await typed("# 4 calls each")), [4, 4, 4]);
    assert.deepEqual(numbers(await typed("# 12 calls to one")), [12]);
    const calls = async (words: string): Promise<number> => new Set((await typed(words)).trim().split("\n")).size;
    assert.equal(await calls("# through the side-car"), 3);
    assert.equal(await calls("# through the layer-4 proxy"), 1);
    assert.equal((await typed("grep rq_total")).trim().split("\n").length, 3);
    const connections = [...(await typed("grep cx_total")).matchAll(/cx_total::(\d+)/g)].map(([, one]) => Number(one));
    assert.equal(
      connections.reduce((sum, one) => sum + one),
      2,
      "one of the page, one of the client",
    );
    assert.equal((await demo.end("SIGINT")).code, 0);
  });

  it("is one demo of its own", async () => {
    demo = new Program("demo", "--grpc", "--health");
    const { code, err } = await demo.outcome;
    assert.equal(code, 1);
    assert.match(err, /--health and --grpc are two demos/);
  });
});

/** The numbers that `uniq -c` counts. */
function numbers(text: string): number[] {
  return [...text.matchAll(/^ *(\d+) /gm)].map(([, one]) => Number(one));
}

/** Types the line with these words; what it prints. */
async function typed(words: string): Promise<string> {
  const found = guide.split("\n").filter((line) => line.startsWith("  ") && line.includes(words));
  assert.equal(found.length, 1, `${words} in ${guide}`);
  const { stdout } = await promisify(execFile)("sh", ["-c", found[0] ?? ""]);
  return stdout;
}
