import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { SMUGGLING_CASES, type SmugglingCase } from "./smuggling-cases.ts";
import { response, ServerBench } from "./support.ts";

/** What the codec made of one case, fed whole or byte by byte, with every exchange answered when its request is over or at fault. */
function read(
  smuggling: SmugglingCase,
  step: number,
): { heads: string[]; bodies: string; faults: string[]; log: string[] } {
  const bench = new ServerBench();
  bench.react = (writer, what) => {
    if (what === "end" || what === "fault") writer.writeHead(response(what === "end" ? 200 : 400), true);
  };
  for (let at = 0; at < smuggling.bytes.length; at += step) bench.receive(smuggling.bytes.slice(at, at + step));
  // A request without a body is over with its head; it is answered late, so that whatever follows it is read then.
  for (let answered = 0; answered < bench.writers.length; answered++)
    bench.writers[answered]?.writeHead(response(200), true);
  const log = bench.take();
  return {
    heads: log.filter((line) => line.startsWith("head")),
    bodies: log
      .filter((line) => line.startsWith("data "))
      .map((line) => line.slice(5))
      .join(""),
    faults: log.filter((line) => line.startsWith("fault")),
    log,
  };
}

describe("HTTP/1 request smuggling", () => {
  it("has at least the 85 cases that other proxies were measured with, each once", () => {
    assert.ok(SMUGGLING_CASES.length >= 85);
    assert.equal(new Set(SMUGGLING_CASES.map((one) => one.name)).size, SMUGGLING_CASES.length);
  });

  for (const smuggling of SMUGGLING_CASES.filter((one) => one.outcome === "rejected")) {
    it(`refuses: ${smuggling.name}`, () => {
      for (const step of [smuggling.bytes.length, 1]) {
        const seen = read(smuggling, step);
        assert.equal(seen.faults.length, 1, seen.log.join("\n"));
        assert.match(seen.faults[0] ?? "", /^fault (400|426|501) /);
        assert.ok(seen.heads.length <= 1 && !seen.heads.some((line) => line.includes("smuggled")), seen.log.join("\n"));
        assert.match(seen.log.at(-1) ?? "", /^closed http|^closed (low_version|missing_host_header)/);
      }
    });
  }

  for (const smuggling of SMUGGLING_CASES.filter((one) => one.outcome === "normalised")) {
    it(`reads one way: ${smuggling.name}`, () => {
      for (const step of [smuggling.bytes.length, 1]) {
        const seen = read(smuggling, step);
        assert.deepEqual(seen.faults, []);
        assert.equal(seen.heads.length, 1, seen.log.join("\n"));
        assert.equal(seen.bodies, smuggling.body);
        assert.doesNotMatch(seen.heads[0] ?? "", /transfer-encoding|smuggled|h2c|content-length=(?!0*1$)/);
      }
    });
  }
});
