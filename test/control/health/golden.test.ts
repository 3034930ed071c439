// Every row of the captures of real Envoy in test/golden/health: the same values in the same order, at the same time but for the
// grain of the capture.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Change, DRIFT_MS, GoldenRun, POLL_LAG_MS, readGolden } from "./golden-run.ts";

const CAPTURES = [
  { title: "twenty clusters whose endpoints fail in every way", config: "envoy.yaml", timeline: "timeline.txt" },
  { title: "the health-check document with HTTP checks", config: "traffic.yaml", timeline: "traffic-timeline.txt" },
  { title: "the health-check document with TCP checks", config: "tcp.yaml", timeline: "tcp-timeline.txt" },
];

describe("the judge of active checks beside Envoy", () => {
  for (const { title, config, timeline } of CAPTURES) {
    it(`shows what Envoy showed of ${title}`, () => {
      const run = new GoldenRun(config, timeline);
      let rows = 0;
      for (const [subject, name] of valuesOf(run)) {
        const seen = run.seen(subject, name);
        const had = run.had(subject, name, (seen[0] as Change).atMs);
        assert.deepEqual(had.map(shown), seen.map(shown), `${subject} ${name}`);
        for (const [index, { atMs, value }] of seen.entries()) {
          const lagMs = atMs - (had[index] as Change).atMs;
          const what = `${subject} ${name} = ${value}: seen at ${atMs} ms, ${lagMs} ms after it was so here`;
          assert.ok(lagMs >= -DRIFT_MS && lagMs <= POLL_LAG_MS, what);
          rows++;
        }
      }
      assert.equal(rows, run.lines.filter(({ kind }) => kind === "seen").length);
    });
  }

  it("writes the event logs that Envoy wrote, byte for byte but for the time", () => {
    const { sim } = new GoldenRun("envoy.yaml", "timeline.txt");
    const golden = eventLogs();
    const paths = [...sim.events.keys()].sort();
    assert.deepEqual(paths, [...golden.keys()].map((name) => `/tmp/hcev-${name}.log`).sort());
    for (const [name, lines] of golden) {
      const written = (sim.events.get(`/tmp/hcev-${name}.log`) ?? []).map(masked);
      assert.deepEqual(written, lines, name);
    }
  });
});

function valuesOf(run: GoldenRun): [subject: string, name: string][] {
  const keys = run.lines.flatMap((line) => (line.kind === "seen" ? [`${line.subject} ${line.name}`] : []));
  return [...new Set(keys)].map((key) => key.split(" ") as [string, string]);
}

function shown({ value }: Change): string {
  return value;
}

function eventLogs(): Map<string, string[]> {
  const logs = new Map<string, string[]>();
  for (const part of readGolden("event-logs.txt").split("\n== ").slice(1)) {
    const [name = "", ...lines] = part.trimEnd().split("\n");
    logs.set(name, lines.flatMap(repeated));
  }
  return logs;
}

/** `3 x line`: the line three times. */
function repeated(text: string): string[] {
  const [times = "", , ...line] = text.split(" ");
  return new Array<string>(Number(times)).fill(line.join(" "));
}

/** Without its time, which must be one. */
function masked(line: string): string {
  return line.replace(/"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z"/, '"timestamp":"T"');
}
