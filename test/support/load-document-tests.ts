// The load reporting document's steps as tests, the same for either proxy. Called by the scenario files.
import assert from "node:assert/strict";
import { it } from "mocha";
import { DOCUMENT_NODES, type LoadDocument } from "./load-document.ts";
import { goldenFacts, logFacts, reportedByNode } from "./load-log.ts";
import { eventually } from "./nodes.ts";
import type { Outcome } from "./program.ts";

/** Steps 2 and 3: fifty requests, and what the server's log says of them. `run`: what was started, its requests sent. */
export function documentTests(run: () => LoadDocument): void {
  let outcome: Outcome;

  it("answers the fifty requests of the script, each proxy some of them", () => {
    const { answered } = run();
    assert.equal(answered[0] ?? 0, 50 - (answered[1] ?? 0));
    assert.ok(answered.every((count) => count > 0));
  });

  it("has the counter that the document's check looks for", async () => {
    assert.match(await run().stats("load_reporting_cluster"), /^cluster\.load_reporting_cluster\.upstream_rq_200: 1$/m);
  });

  it("reports, by node, what its service answered: the two sums make fifty", async () => {
    const { answered, server, serverStat } = run();
    await eventually(async () => (await serverStat("cluster.local_service.rq_success")) >= 50);
    outcome = await server.end("SIGINT");
    assert.deepEqual([outcome.code, outcome.err], [0, ""]);
    const sums = reportedByNode(outcome.out);
    assert.deepEqual(
      DOCUMENT_NODES.map((node) => sums.get(node) ?? 0),
      answered,
    );
  });

  it("logs what the captured log says, line by line of each node", () => {
    // A report that is taken in the middle of one of the script's requests, which come one by one, also says so; the captured ones were not.
    const [golden, own] = [goldenFacts(), logFacts(outcome.out.replaceAll(" total_requests_in_progress:1 ", " "))];
    assert.deepEqual(own[0], golden[0]);
    for (const node of DOCUMENT_NODES) {
      const [goldenLines, lines] = [golden, own].map((facts) => facts.filter((fact) => fact.node === node));
      const [added, asked, ...stats] = goldenLines ?? [];
      assert.deepEqual(lines?.slice(0, 2), [added, asked]);
      for (const line of lines.slice(2)) assert.deepEqual(line, stats[0]);
      assert.ok(lines.length > 2);
    }
    const others = own.filter(({ kind }) => kind === "other").map(({ says }) => says.replace(/\d+/, "#"));
    assert.deepEqual(others, ["Counts are shown on port #: /stats, /stats/prometheus, /load"]);
  });

  it("says which cluster was new to its cache, and which node to a cluster, as the document has it", () => {
    const added = outcome.out.split("\n").filter((line) => line.includes("Adding"));
    const pattern =
      /Adding new cluster to cache `http_service` with node `(\w+)`\n.*Adding new node `(\w+)` to existing cluster `http_service`$/;
    const [, ...nodes] = pattern.exec(added.join("\n")) ?? [];
    assert.deepEqual(nodes.sort(), [...DOCUMENT_NODES].sort());
  });
}
