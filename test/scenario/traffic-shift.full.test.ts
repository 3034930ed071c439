// The shares of the traffic shifting document, counted as Envoy's were (golden/04-traffic-shift): 10,000 requests a stage within three
// standard deviations; and how soon a change reaches every worker.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { after, before, describe, it } from "mocha";
import { portOf } from "../support/nodes.ts";
import { ShareClient } from "../support/share-client.ts";
import { TrafficStage } from "../support/traffic-stage.ts";

const SHIFT = "routing.traffic_shift.helloworld";
const SPLIT = "routing.traffic_split.helloworld";
const REQUESTS = 10_000;

/** A value of the shift's key, and the share of v1 that Envoy gave it. */
const SHIFTS: Readonly<Record<string, number>> = {
  "": 0.5,
  "100": 1,
  "90": 0.9,
  "50": 0.5,
  "10": 0.1,
  "1": 0.01,
  "0": 0,
  "150": 1,
  "-5": 0.5,
  abc: 0.5,
  "33.3": 0.33,
  '{"numerator":255,"denominator":"TEN_THOUSAND"}': 0.0255,
  true: 0.5,
};

/** Weights of the three versions, and their shares. */
const SPLITS: Readonly<Record<string, readonly [number, number, number]>> = {
  ",,": [0.33, 0.33, 0.34],
  "0,50,50": [0, 0.5, 0.5],
  "10,10,10": [1 / 3, 1 / 3, 1 / 3],
  "100,100,200": [0.25, 0.25, 0.5],
};

describe("the shares of the traffic shifting document", function () {
  this.timeout(120_000);
  let stage: TrafficStage;

  before(async () => {
    stage = await TrafficStage.open(4);
  });

  after(() => stage?.close());

  for (const [value, share] of Object.entries(SHIFTS)) {
    it(`are ${share * 100} percent for v1 with ${SHIFT}=${value}`, async () => {
      await stage.modify(new URLSearchParams({ [SHIFT]: value }).toString());
      await holds(stage.shift, { v1: share, v2: 1 - share });
    });
  }

  for (const [weights, shares] of Object.entries(SPLITS)) {
    it(`are ${shares.map((share) => Math.round(share * 100)).join("/")} with weights ${weights}`, async () => {
      const keys = weights.split(",").map((weight, at) => `${SPLIT}.helloworld_v${at + 1}=${weight}`);
      await stage.modify(keys.join("&"));
      await holds(stage.split, Object.fromEntries(shares.map((share, at) => [`v${at + 1}`, share])));
    });
  }
});

describe("a change of the runtime", function () {
  this.timeout(120_000);
  let stage: TrafficStage;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "starling-traffic-"));
    for (const share of ["100", "0"]) {
      mkdirSync(join(folder, share));
      writeFileSync(join(folder, share, SHIFT), share);
    }
    symlinkSync("100", join(folder, "current"));
    const layer = `  - name: disk\n    disk_layer: { symlink_root: ${join(folder, "current")} }\n`;
    stage = await TrafficStage.open(4, (yaml) =>
      yaml
        .replace("  - name: admin\n", `${layer}  - name: admin\n`)
        .replace("route: { cluster: helloworld_v1 }", "direct_response: { status: 201 }")
        .replace("route: { cluster: helloworld_v2 }", "direct_response: { status: 202 }"),
    );
  });

  after(async () => {
    await stage?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("has reached four workers within 10 ms of the move of the link, as the median of fifty", async () => {
    const took: number[] = [];
    const client = await ShareClient.open(portOf(stage.node), 32);
    for (let round = 0; round < 50; round++) {
      const share = round % 2 === 0 ? "0" : "100";
      const status = share === "0" ? "202" : "201";
      symlinkSync(share, join(folder, "new"));
      const startedMs = performance.now();
      renameSync(join(folder, "new"), join(folder, "current"));
      // The round that finds all of them changed began after the last change.
      let beganMs = performance.now();
      while ((await client.one()).some((one) => one !== status)) beganMs = performance.now();
      took.push(beganMs - startedMs);
    }
    client.close();
    says("move of the link to every worker", took);
    assert.ok(median(took) <= 10, `${took}`);
  });

  it("has reached four workers when /runtime_modify answers, within 10 ms as the median of fifty", async () => {
    const took: number[] = [];
    const client = await ShareClient.open(portOf(stage.node), 32);
    for (let round = 0; round < 50; round++) {
      const share = round % 2 === 0 ? "0" : "100";
      const startedMs = performance.now();
      await stage.modify(`${SHIFT}=${share}`);
      took.push(performance.now() - startedMs);
      const answers = new Set(await client.one());
      assert.deepEqual([...answers], [share === "0" ? "202" : "201"]);
    }
    client.close();
    says("order to every worker's word", took);
    assert.ok(median(took) <= 10, `${took}`);
  });
});

/** Chance takes a share beyond three deviations three times in a thousand: such a stage is counted once more. */
async function holds(client: ShareClient, shares: Readonly<Record<string, number>>): Promise<void> {
  const first = outside(await client.count(REQUESTS), shares);
  const text = first === "" ? "" : outside(await client.count(REQUESTS), shares);
  assert.equal(text, "", first);
}

function outside(counts: Readonly<Record<string, number>>, shares: Readonly<Record<string, number>>): string {
  const total = Object.values(counts).reduce((sum, one) => sum + one, 0);
  const off = Object.entries(shares).filter(([version, share]) => {
    const bound = 3 * Math.sqrt(REQUESTS * share * (1 - share));
    return Math.abs((counts[version] ?? 0) - REQUESTS * share) > bound;
  });
  return off.length === 0 && total === REQUESTS ? "" : `${JSON.stringify(counts)} for ${JSON.stringify(shares)}`;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

function says(what: string, took: readonly number[]): void {
  const sorted = [...took].sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] as number).toFixed(2);
  console.info(`      ${what}: median ${at(0.5)} ms, p90 ${at(0.9)} ms, most ${at(1)} ms`);
}
