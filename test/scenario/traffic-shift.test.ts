// The stages of the traffic shifting document against one running node of four workers: each change holds from the next request on.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { eventually } from "../support/nodes.ts";
import { TrafficStage } from "../support/traffic-stage.ts";

const SHIFT = "routing.traffic_shift.helloworld";
const SPLIT = "routing.traffic_split.helloworld";

describe("traffic that shifts and splits while a node of four workers runs", () => {
  let stage: TrafficStage;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "starling-traffic-"));
    for (const [release, share] of Object.entries({ one: "100", two: "0" })) {
      mkdirSync(join(folder, release, "envoy"), { recursive: true });
      writeFileSync(join(folder, release, "envoy", SHIFT), share);
    }
    symlinkSync("one", join(folder, "current"));
    const layer = `  - name: disk\n    disk_layer: { symlink_root: ${join(folder, "current")}, subdirectory: envoy }\n`;
    stage = await TrafficStage.open(4, (yaml) => yaml.replace("  - name: admin\n", `${layer}  - name: admin\n`));
  });

  after(async () => {
    await stage?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("goes to one version alone before a change, and to the other alone with the request after its answer", async () => {
    for (const [value, version] of [
      ["100", "v1"],
      ["0", "v2"],
      ["150", "v1"],
      ["0", "v2"],
    ]) {
      await stage.modify(`${SHIFT}=${value}`);
      assert.deepEqual(await stage.shift.count(320), { [`${version}`]: 320 }, `${SHIFT}=${value}`);
    }
  });

  it("loses no request while its share moves", async () => {
    const counting = stage.shift.count(1_200);
    for (const value of ["10", "50", "90", "33.3", '{"numerator":255,"denominator":"TEN_THOUSAND"}', "0"]) {
      await stage.modify(new URLSearchParams({ [SHIFT]: value }).toString());
    }
    const { v1 = 0, v2 = 0 } = await counting;
    assert.equal(v1 + v2, 1_200);
  });

  it("is split by the weights that are set, nobody's when all are 0, and by the file's when they are taken back", async () => {
    const weights = (...values: string[]) =>
      values.map((value, at) => `${SPLIT}.helloworld_v${at + 1}=${value}`).join("&");
    await stage.modify(weights("0", "0", "7"));
    assert.deepEqual(await stage.split.count(320), { v3: 320 });
    await stage.modify(weights("0", "0", "0"));
    assert.deepEqual(await stage.split.count(32), { 404: 32 });
    await stage.modify(weights("", "", ""));
    assert.deepEqual(Object.keys(await stage.split.count(320)).sort(), ["v1", "v2", "v3"]);
  });

  it("shows each layer's value, and obeys the disk's when the link is moved and admin's is taken back", async () => {
    await stage.modify(`${SHIFT}=`);
    assert.deepEqual(await stage.shift.count(64), { v1: 64 });
    symlinkSync("two", join(folder, "new"));
    renameSync(join(folder, "new"), join(folder, "current"));
    await eventually(async () => (await stage.shift.one()).every((version) => version === "v2"));
    await stage.modify(`${SHIFT}=100`);
    assert.deepEqual(await stage.shift.count(64), { v1: 64 });
    const values = stage.node.view.runtime.layers().map(({ name, entries }) => [name, entries[SHIFT]]);
    assert.deepEqual(values, [
      ["static_layer", undefined],
      ["disk", "0"],
      ["admin", "100"],
    ]);
  });
});
