// Envoy's own verdict (--mode validate) on the golden files and on each case of test/golden/verdicts.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { envoyVerdict } from "../../support/envoy-validate.ts";
import { envoyInstalled } from "../../support/live-proxy.ts";
import { verdictCases, verdictFiles } from "./verdict-cases.ts";

const golden = join(import.meta.dirname, "../../golden");
// What no descriptor says: src/config/compile refuses these, as Envoy's own code does.
const refusedLater: Readonly<Record<string, RegExp | undefined>> = {
  "health-checks.3.2.1-http.yaml": /Invalid http expected status range/,
  "health-checks.3.2.3-grpc.yaml": /must support HTTP\/2 for gRPC healthchecking/,
};

describe("Envoy's verdict", () => {
  let folder = "";

  before(function () {
    if (!envoyInstalled()) this.skip();
    folder = mkdtempSync(join(tmpdir(), "starling-verdicts-"));
  });

  after(() => {
    if (folder !== "") rmSync(folder, { recursive: true });
  });

  for (const name of readdirSync(join(golden, "envoy"))) {
    const refusal = refusedLater[name];
    it(`on ${name} is to ${refusal === undefined ? "accept it" : "refuse it when it is put to use"}`, () => {
      const said = envoyVerdict(join(golden, "envoy", name));
      if (refusal === undefined) assert.match(said, /\bOK\n/);
      else assert.match(said, refusal);
    });
  }

  for (const file of verdictFiles) {
    for (const { verdict, title, text } of verdictCases(file)) {
      const accepted = verdict === "accept" || verdict === "stricter";
      it(`on a ${file} is to ${accepted ? "accept" : "refuse"} ${title}`, () => {
        const path = join(folder, "case.yaml");
        writeFileSync(path, text);
        const said = envoyVerdict(path);
        assert.equal(/\bOK\n/.test(said), accepted, said);
      });
    }
  }
});
