import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { DiskLayerPlan } from "../../../src/config/plan/runtime.ts";
import { openDiskLayer, readLayer } from "../../../src/supervisor/runtime/disk-layer.ts";
import type { LayerSource } from "../../../src/supervisor/runtime/runtime-stack.ts";
import { watchFault } from "../../../src/supervisor/runtime/watch-moves.ts";

describe("a runtime layer on a disk", () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "starling-runtime-"));
  });

  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  };

  it("has nested directories as dotted keys and a file's text as the value", () => {
    write("v1/routing/traffic_shift/helloworld", "50\n");
    write("v1/a.b", "4");
    write("v1/with space", "4");
    write("v1/.hidden/.dot", "1");
    assert.deepEqual(readLayer(join(home, "v1")), {
      ".hidden..dot": "1",
      "a.b": "4",
      "routing.traffic_shift.helloworld": "50",
      "with space": "4",
    });
  });

  /** The text of a file, and the value that Envoy 1.40 shows for it. */
  const VALUES: Readonly<Record<string, string>> = {
    "5\n": "5",
    "1\r\n": "1",
    "# a comment\n  6  \n\n": "  6",
    "#only\n": "",
    "": "",
    "a\nb\n": "a\nb",
    "x\n#c\nx\n": "xx",
    '{"numerator": 7,\n"denominator": "MILLION"}': '{"numerator": 7,\n"denominator": "MILLION"}',
    "numerator: 8\ndenominator: TEN_THOUSAND\n": "numerator: 8\ndenominator: TEN_THOUSAND",
  };
  for (const [text, value] of Object.entries(VALUES)) {
    it(`reads ${JSON.stringify(text)} as ${JSON.stringify(value)}`, () => {
      write("v1/key", text);
      assert.deepEqual(readLayer(join(home, "v1")), { key: value });
    });
  }

  it("follows links to files and directories", () => {
    write("v1/deep/x", "9");
    symlinkSync("deep/x", join(home, "v1/link"));
    symlinkSync("deep", join(home, "v1/linked"));
    assert.deepEqual(readLayer(join(home, "v1")), { "deep.x": "9", link: "9", "linked.x": "9" });
  });

  it("passes over what is no file", () => {
    write("v1/key", "1");
    symlinkSync("/dev/null", join(home, "v1/null"));
    assert.deepEqual(readLayer(join(home, "v1")), { key: "1" });
  });

  it("is not there without its directory", () => {
    write("file", "1");
    assert.equal(readLayer(join(home, "none")), null);
    assert.equal(readLayer(join(home, "file")), null);
  });

  const fault = (path: string): string => String((readLayer(join(home, path)) as Error).message).replace(home, "");

  it("is left out whole when one file cannot be read, as in Envoy", () => {
    write("v1/good", "1");
    symlinkSync("gone", join(home, "v1/dangling"));
    assert.equal(fault("v1"), "Invalid path: /v1/dangling");
    unlinkSync(join(home, "v1/dangling"));
    write("v1/bad", "a: [1");
    assert.equal(fault("v1"), "/v1/bad is not YAML: a: [1");
    rmSync(join(home, "v1/bad"));
    symlinkSync(".", join(home, "v1/loop"));
    assert.equal(fault("v1"), "Walk recursion depth exceeded 16");
    rmSync(join(home, "v1/loop"));
    symlinkSync("/proc/version", join(home, "v1/version"));
    assert.equal(fault("v1"), "Invalid path: /v1/version");
    rmSync(join(home, "v1/version"));
    write("v1/large", "1".repeat(1_048_577));
    assert.equal(fault("v1"), "/v1/large is larger than 1048576 bytes");
  });

  describe("below a link", () => {
    let source: LayerSource;
    let changed: () => void;
    let changes = 0;
    const plan = (more: Partial<DiskLayerPlan> = {}): DiskLayerPlan => ({
      ...{ kind: "disk", name: "disk", root: join(home, "current"), subdirectory: "envoy" },
      ...{ appendServiceCluster: false, ...more },
    });
    const open = (more: Partial<DiskLayerPlan> = {}): void => {
      changes = 0;
      source = openDiskLayer(plan(more), "web", () => {
        changes++;
        changed();
      });
    };
    const nextChange = (): Promise<void> =>
      new Promise((resolve) => {
        changed = resolve;
      });
    const moveTo = (target: string): void => {
      symlinkSync(target, join(home, "new"));
      renameSync(join(home, "new"), join(home, "current"));
    };

    beforeEach(() => {
      changed = () => {};
      write("v1/envoy/key", "1");
      write("v2/envoy/key", "2");
      write("v2/envoy/web/key", "web's");
      symlinkSync("v1", join(home, "current"));
    });

    afterEach(() => source.close());

    it("is another one when the link is moved, and says so", async () => {
      open();
      assert.deepEqual(source.read(), { key: "1" });
      const change = nextChange();
      moveTo("v2");
      await change;
      assert.deepEqual(source.read(), { key: "2", "web.key": "web's" });
    });

    it("is that of the node's cluster with append_service_cluster", () => {
      moveTo("v2");
      open({ appendServiceCluster: true });
      assert.deepEqual(source.read(), { key: "web's" });
    });

    it("is told of no other file beside the link and of no file below it", async () => {
      open();
      write("v1/envoy/key", "3");
      write("other", "1");
      unlinkSync(join(home, "current"));
      const change = nextChange();
      symlinkSync("v2", join(home, "current"));
      await change;
      assert.equal(changes, 1);
    });

    it("cannot be watched when the link's directory is missing, in Envoy's words", () => {
      open();
      assert.equal(watchFault(plan().root), null);
      const root = join(home, "none", "current");
      assert.equal(watchFault(root), `unable to add filesystem watch for file ${root}: No such file or directory`);
    });
  });
});
