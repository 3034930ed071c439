// Every line that the load demo prints, typed as it stands.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { typedFrom } from "../../support/demo-guide.ts";
import { reportedByNode } from "../../support/load-log.ts";
import { eventually } from "../../support/nodes.ts";
import { Program } from "../../support/program.ts";

let demo: Program;
let guide = "";

const typed = (words: string): Promise<string> => typedFrom(guide, words);

describe("starling demo --load", function () {
  this.timeout(60_000);

  afterEach(async () => {
    if (demo.child.exitCode === null) await demo.end();
  });

  it("shows fifty requests of the script in the server's log and pages, and in the first proxy's statistics", async () => {
    demo = new Program("demo", "--load");
    guide = (await demo.says(/[\s\S]*Ctrl-C ends it/))[0];
    // Ready: the server has asked both, and the very first request counts.
    const before = guide.slice(0, guide.indexOf("ready after"));
    assert.match(before, /LRS Server is up and running on 127\.0\.0\.1:\d+/);
    for (const node of ["0022a319e1e2", "2417806c9d9a"]) {
      assert.match(
        before,
        new RegExp(`Creating LRS response for cluster http_service, node ${node} with frequency 2 secs`),
      );
    }
    await typed("send_requests.sh");
    await eventually(async () => /cluster\.local_service\.rq_success: 50/.test(await typed("rq_success")));
    assert.match(
      await typed("/stats/prometheus"),
      /^lrs_cluster_rq_success\{envoy_cluster_name="local_service"\} 50$/m,
    );
    const load = JSON.parse(await typed("the same as JSON")) as {
      readonly clusters: readonly { readonly success: number }[];
    };
    assert.deepEqual(
      load.clusters.map(({ success }) => success),
      [50],
    );
    assert.match(await typed("the first proxy's side"), /load_reporting_cluster\.upstream_rq_200: 1\n/);
    const { code, out } = await demo.end("SIGINT");
    const sums = [...reportedByNode(out).values()];
    assert.deepEqual([code, sums.length, sums.reduce((sum, one) => sum + one, 0)], [0, 2, 50]);
  });
});
