import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { tagName } from "../../../src/control/admin/pages/prometheus.ts";

const golden = (name: string): string[] =>
  readFileSync(new URL(`../../golden/admin/${name}`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n");

describe("a statistic's name in Prometheus", () => {
  it("is that of Envoy 1.40, labels in its order, for everything that a front proxy counts", () => {
    const lines = golden("stats_prometheus.body");
    const expected = new Set(
      lines.filter((line) => !line.startsWith("#")).map((line) => line.slice(0, line.lastIndexOf(" "))),
    );
    const names = golden("stats.body")
      .filter((line) => /: \d+$/.test(line))
      .map((line) => line.slice(0, line.lastIndexOf(": ")));
    const wrong = names
      .map((name) => {
        const { name: metric, labels } = tagName(name);
        return [name, `${metric}{${labels.map(([label, value]) => `${label}="${value}"`).join(",")}}`] as const;
      })
      .filter(([, text]) => !expected.has(text))
      .map(([name, text]) => `${name} → ${text}`);
    assert.ok(names.length > 500);
    assert.deepEqual(wrong, []);
  });
});
