import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { loadLrsServerFile } from "../../../src/config/compile/lrs-server.ts";

let directory: string;

function load(text: string) {
  const path = join(directory, "lrs.yaml");
  writeFileSync(path, text);
  const { plan, errors, warnings } = loadLrsServerFile(path);
  return { plan, says: [...errors, ...warnings].map((one) => `${one.line} ${one.path}: ${one.message}`) };
}

describe("the file of a server of load reports", () => {
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "starling-lrs-"));
  });

  after(() => rmSync(directory, { recursive: true }));

  it("says what each client is asked for, the first rule that matches it", () => {
    const { plan, says } = load(`
ask: { clusters: [web, api], load_reporting_interval: 2.5s, report_endpoint_granularity: false }
nodes:
- id: { prefix: edge- }
  ask: { send_all_clusters: true }
- cluster: { exact: batch }
  id: { safe_regex: { regex: "n[0-9]+" } }
  ask: { clusters: [db], load_reporting_interval: 10s }
`);
    assert.deepEqual(says, []);
    assert.deepEqual(plan, {
      ask: { all: false, clusters: ["web", "api"], intervalMs: 2_500, byEndpoint: false },
      nodes: [
        {
          id: { kind: "prefix", value: "edge-", ignoreCase: false },
          cluster: null,
          ask: { all: true, clusters: [], intervalMs: 2_000, byEndpoint: true },
        },
        {
          id: { kind: "regex", value: "n[0-9]+", ignoreCase: false },
          cluster: { kind: "exact", value: "batch", ignoreCase: false },
          ask: { all: false, clusters: ["db"], intervalMs: 10_000, byEndpoint: true },
        },
      ],
    });
  });

  it("is refused with each mistake at its place", () => {
    const rows: readonly (readonly [text: string, says: readonly string[]])[] = [
      ["ask: { clusters: [a], load_reporting_interval: 0s }", ["1 ask.load_reporting_interval: must be 0.05s or more"]],
      [
        "ask: { clusters: [a], load_reporting_interval: -2s }",
        ["1 ask.load_reporting_interval: a duration may not be negative"],
      ],
      [
        "ask: { clusters: [a], send_all_clusters: true }",
        ["1 ask.clusters: send_all_clusters asks for every cluster: name none"],
      ],
      [
        "nodes:\n- ask: { clusters: [a] }",
        ["2 nodes[0]: matches every client: name an id or a cluster, or write it as the file's own ask"],
      ],
      ["nodes:\n- id: { exact: a }", ["2 nodes[0].ask: ask is required"]],
      ["aks: {}", ["1 aks: starling.load.v1.LoadReportServer has no field aks (did you mean ask?)"]],
      ["", ["1 : the file is empty"]],
    ];
    for (const [text, says] of rows) assert.deepEqual(load(text), { plan: null, says });
    assert.match(loadLrsServerFile("/nowhere.yaml").errors[0]?.message ?? "", /cannot be read: No such file/);
  });

  it("may ask for nothing, with a warning", () => {
    const { plan, says } = load("ask: {}");
    assert.deepEqual(plan?.ask.clusters, []);
    assert.equal(says.length, 1);
  });
});
