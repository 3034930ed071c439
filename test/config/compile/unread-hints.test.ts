import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import { HINTS } from "../../../src/config/compile/unread-hints.ts";
import { sourceText } from "../../support/source-files.ts";

describe("hints of fields that nobody acts on", () => {
  it("are of fields that are warned of somewhere", () => {
    const sections = new Map(
      sourceText("config/SUPPORT.md")
        .split("\n## ")
        .map((section) => [section.slice(0, section.indexOf("\n")), section]),
    );
    const warned = (type: string): string =>
      /^\| accepted with a warning \|(.*)$/m.exec(sections.get(type) ?? "")?.[1] ?? "";
    const stale = Object.entries(HINTS).flatMap(([type, fields]) =>
      Object.keys(fields ?? {})
        .filter((field) => !warned(type).includes(`\`${field}\``))
        .map((field) => `${type}.${field}`),
    );
    assert.deepEqual(stale, []);
  });

  it("follow the warning", () => {
    const { warnings } = loadPlan({ file: "f", text: "hds_config: {}" });
    assert.deepEqual(
      warnings.map(({ message }) => message),
      [
        "hds_config of envoy.config.bootstrap.v3.Bootstrap is accepted and not acted on: no server orders checks; write health_checks into the clusters",
      ],
    );
  });
});
