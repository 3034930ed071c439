// A node whose runtime has a layer from a discovery server: it waits for it, follows it, and says what it does not take.
import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import type { RunningNode } from "../../../src/supervisor/node.ts";
import { StatsReader } from "../../../src/telemetry/stats-reader.ts";
import { eventually, launchTestNode } from "../../support/nodes.ts";
import { RTDS_VARIANTS, rtdsFile } from "../../support/rtds-file.ts";
import { RtdsServer } from "../../support/rtds-server.ts";

describe("a runtime layer from a discovery server", function () {
  this.timeout(30_000);
  let node: RunningNode;
  let server: RtdsServer;

  afterEach(async () => {
    await node?.stop();
    server?.close();
  });

  const launch = async (text: string): Promise<void> => {
    const { plan, errors } = loadPlan({ text, file: "rtds.yaml" });
    assert.ok(plan !== null, JSON.stringify(errors));
    node = await launchTestNode(plan);
  };
  const value = (key: string) => node.view.runtime.values.get(key);
  const stat = (name: string) => new StatsReader(node.view.stats).value(`runtime.${name}`);
  const isLive = () => node.view.readiness().state === "LIVE";
  const answers = (error: string) => server.requests.filter((one) => JSON.stringify(one).includes(error));

  for (const variant of RTDS_VARIANTS) {
    it(`is waited for, followed and acknowledged: ${variant}`, async () => {
      server = await RtdsServer.start(null);
      await launch(rtdsFile(variant, { server: server.port, admin: 0, listener: 0 }));
      await eventually(() => server.requests.length === 1);
      const waits = "waiting for the first answer about runtime layer far";
      assert.ok(node.view.readiness().reasons.includes(waits));
      server.say({ name: "mine", version: "1", layer: { b: 2, c: { d: "x" } } });
      await eventually(isLive);
      assert.deepEqual([value("a"), value("b"), value("c.d")], ["1", "2", "x"]);
      await eventually(() => answers('"response_nonce":"n1"').length === 1);
      server.say({ name: "mine", version: "2", layer: { b: [1] } });
      await eventually(() => answers("Invalid runtime entry value for b").length === 1);
      server.say({ name: "other", version: "3", layer: {} });
      await eventually(() => answers('"response_nonce":"n3"').length === 1);
      assert.deepEqual(answers("error_detail").length, 1);
      assert.equal(value("b"), "2");
      assert.deepEqual([stat("update_success"), stat("update_rejected")], [1, 1]);
      server.say({ name: "mine", version: "4", layer: { b: 4 } });
      await eventually(() => value("b") === "4");
      assert.equal(server.paths.length, 1);
    });
  }

  it("comes again when the server hangs up, and holds meanwhile", async () => {
    server = await RtdsServer.start({ name: "mine", version: "1", layer: { b: 2 } });
    await launch(rtdsFile("GRPC", { server: server.port, admin: 0, listener: 0 }));
    await eventually(isLive);
    server.hangUp();
    await eventually(() => server.paths.length === 2);
    assert.equal(value("b"), "2");
    const firsts = () => server.requests.filter((one) => one["response_nonce"] === undefined);
    await eventually(() => firsts().length === 2);
    assert.deepEqual(
      firsts().map((one) => one["version_info"]),
      [undefined, "1"],
    );
    assert.ok(stat("update_failure") >= 1);
  });

  it("is waited for no longer than initial_fetch_timeout", async () => {
    server = await RtdsServer.start(null);
    const text = rtdsFile("GRPC", { server: server.port, admin: 0, listener: 0 });
    await launch(text.replace('"resource_api_version"', '"initial_fetch_timeout":"0.2s","resource_api_version"'));
    await eventually(isLive);
    assert.deepEqual([stat("init_fetch_timeout"), value("b")], [1, "1"]);
  });

  it("may be a file with the response, read again when it is moved there", async () => {
    const folder = mkdtempSync(join(tmpdir(), "starling-rtds-"));
    const path = join(folder, "rtds.yaml");
    const put = (name: string, b: number): void => {
      const resource = { "@type": "type.googleapis.com/envoy.service.runtime.v3.Runtime", name, layer: { b } };
      writeFileSync(join(folder, "new"), JSON.stringify({ version_info: "1", resources: [resource] }));
      renameSync(join(folder, "new"), path);
    };
    put("mine", 2);
    const text = rtdsFile("GRPC", { server: 1, admin: 0, listener: 0 });
    const source = { path_config_source: { path } };
    await launch(text.replace(/"api_config_source":\{.*?\]\}/, JSON.stringify(source).slice(1, -1)));
    await eventually(isLive);
    assert.equal(value("b"), "2");
    put("mine", 3);
    await eventually(() => value("b") === "3");
    put("other", 4);
    await eventually(() => stat("update_rejected") === 1);
    assert.equal(value("b"), "3");
    rmSync(folder, { recursive: true });
  });
});
