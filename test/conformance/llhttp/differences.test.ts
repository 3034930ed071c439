import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ClientBench, response, ServerBench } from "../../protocol/h1/support.ts";
import { DIFFERENCES, type LlhttpDifference } from "./differences.ts";

function callsFor(difference: LlhttpDifference): string[] {
  if (difference.role === "response") {
    const bench = new ClientBench();
    bench.get();
    return bench.receive(difference.bytes).take();
  }
  const bench = new ServerBench();
  bench.react = (writer, what) => {
    if (what === "end" || what === "fault") writer.writeHead(response(200), true);
  };
  bench.receive(difference.bytes);
  bench.writer.writeHead(response(200), true);
  return bench.take();
}

describe("differences from llhttp", () => {
  for (const difference of DIFFERENCES) {
    it(`${JSON.stringify(difference.bytes)}: llhttp has ${difference.theirs}; ${difference.why}`, () => {
      assert.deepEqual(callsFor(difference), difference.ours);
    });
  }
});
