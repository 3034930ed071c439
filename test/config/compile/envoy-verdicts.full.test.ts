// Envoy's own verdict (--mode validate) on each case of test/golden/compile-verdicts.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { envoyVerdict } from "../../support/envoy-validate.ts";
import { envoyInstalled } from "../../support/live-proxy.ts";
import { verdictCases, verdictFrames } from "./verdict-cases.ts";

describe("Envoy's verdict on what we compile", () => {
  let folder = "";

  before(function () {
    if (!envoyInstalled()) this.skip();
    folder = mkdtempSync(join(tmpdir(), "starling-verdicts-"));
  });

  after(() => {
    if (folder !== "") rmSync(folder, { recursive: true });
  });

  for (const frame of verdictFrames) {
    for (const { verdict, title, words, text } of verdictCases(frame)) {
      const accepted = verdict === "accept" || verdict === "stricter";
      it(`on a ${frame} is to ${accepted ? "take" : "refuse"} ${title}`, () => {
        const path = join(folder, "case.yaml");
        writeFileSync(path, text);
        const said = envoyVerdict(path);
        assert.equal(/\bOK\n/.test(said), accepted, said);
        if (verdict === "same") assert.ok(said.includes(words), `${words}\n${said}`);
      });
    }
  }
});
