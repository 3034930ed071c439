import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import { type ReadFile, type RenewedPlan, renewFiles, watchedFiles } from "../../../src/config/compile/renew-files.ts";
import type { Plan } from "../../../src/config/plan/plan.ts";
import { pem } from "../../support/tls-plans.ts";
import { watchedConfig } from "../../support/watched-certificates.ts";

type Files = Readonly<Record<string, string>>;

const FIRST: Files = { "/f/tls.pem": pem("front"), "/f/tls.key": pem("front.key"), "/f/ca.pem": pem("ca") };
const OTHER: Files = { "/f/tls.pem": pem("other"), "/f/tls.key": pem("other.key"), "/f/ca.pem": pem("stranger") };

function reading(files: Files): ReadFile {
  return (path) => {
    const text = files[path];
    return text === undefined ? new Error("no such file") : new TextEncoder().encode(text);
  };
}

function plan(isWatched: boolean = true): Plan {
  const text = watchedConfig({ folder: "/f", isWatched });
  const { plan: made, warnings } = loadPlan({ file: "f", text }, { readFile: reading(FIRST) });
  assert.ok(made !== null);
  assert.deepEqual(warnings, []);
  return made;
}

/** What the listener shows, the cluster shows, and the cluster trusts. */
function held({ plan: { listeners, clusters } }: Pick<RenewedPlan, "plan">): (string | undefined)[] {
  const tls = clusters[0]?.tls;
  const shown = listeners[0]?.filterChains[0]?.tls?.certificates[0];
  return [shown?.chainPem, tls?.certificates[0]?.keyPem, tls?.validation?.trustedCaPem];
}

describe("the watched files of a plan", () => {
  it("are those beside a watched_directory, each once, and none without it", () => {
    assert.deepEqual(watchedFiles(plan()), ["/f/tls.pem", "/f/tls.key", "/f/ca.pem"]);
    assert.deepEqual(watchedFiles(plan(false)), []);
    assert.deepEqual(renewFiles(plan(false), reading(OTHER)).plan, plan(false));
  });

  it("give the same plan while they hold the same", () => {
    const renewal = renewFiles(plan(), reading(FIRST));
    assert.deepEqual([renewal.plan, renewal.renewed, renewal.faults], [plan(), [], []]);
  });

  it("give the certificates, keys and authorities that they hold now, with the names to choose by", () => {
    const renewal = renewFiles(plan(), reading(OTHER));
    assert.deepEqual(held(renewal), [pem("other"), pem("other.key"), pem("stranger")]);
    assert.deepEqual(renewal.plan.listeners[0]?.filterChains[0]?.tls?.certificates[0]?.names, ["other.example"]);
    assert.deepEqual([renewal.renewed, renewal.faults], [["/f/tls.pem", "/f/ca.pem"], []]);
  });

  for (const { name, files, says } of [
    {
      name: "a certificate without its key",
      files: { "/f/tls.pem": pem("other") },
      says: /from \/f\/tls.key, Cause: KEY_VALUES_MISMATCH/,
    },
    {
      name: "half a certificate",
      files: { "/f/tls.pem": pem("other").slice(0, 200) },
      says: /Failed to load certificate chain from \/f\/tls.pem/,
    },
    { name: "an empty key", files: { "/f/tls.key": "" }, says: /Failed to load private key from \/f\/tls.key/ },
    { name: "no file", files: { "/f/tls.key": undefined }, says: /Invalid path: \/f\/tls.key \(no such file\)/ },
  ]) {
    it(`keep the pair that was with ${name}, say so once, and give the authorities all the same`, () => {
      const now = { ...FIRST, "/f/ca.pem": pem("stranger"), ...files } as Files;
      const renewal = renewFiles(plan(), reading(now));
      assert.deepEqual(held(renewal), [pem("front"), pem("front.key"), pem("stranger")]);
      assert.deepEqual(renewal.renewed, ["/f/ca.pem"]);
      assert.equal(renewal.faults.length, 1);
      assert.match(renewal.faults[0] ?? "", says);
    });
  }

  it("keep the authorities that were with a file that holds none", () => {
    const renewal = renewFiles(plan(), reading({ ...OTHER, "/f/ca.pem": "x" }));
    assert.deepEqual(held(renewal), [pem("other"), pem("other.key"), pem("ca")]);
    assert.deepEqual(renewal.faults, ["Failed to load trusted CA certificates from /f/ca.pem"]);
  });
});
