import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import type { StatsPlan } from "../../../src/config/plan/stats.ts";

describe("stats_config", () => {
  const compiled = (config: object): { plan: StatsPlan | undefined; errors: string[] } => {
    const { plan, errors } = loadPlan({ file: "f", text: JSON.stringify({ stats_config: config }) });
    return { plan: plan?.stats, errors: errors.map(({ message }) => message) };
  };

  it("takes all default tags unless it says otherwise, and then those that it names", () => {
    const named = { stats_tags: [{ tag_name: "envoy.cluster_name" }] };
    assert.equal(compiled({}).plan?.defaultTags, null);
    assert.equal(compiled(named).plan?.defaultTags, null);
    assert.deepEqual(compiled({ ...named, use_all_default_tags: false }).plan?.defaultTags, ["envoy.cluster_name"]);
  });

  it("has tags of its own by regex and by value", () => {
    const stats_tags = [
      { tag_name: "a", regex: "^((b))" },
      { tag_name: "c", fixed_value: "d" },
    ];
    assert.deepEqual(compiled({ stats_tags }).plan?.tags, [
      { kind: "regex", tag: "a", regex: "^((b))" },
      { kind: "fixed", tag: "c", value: "d" },
    ]);
  });

  it("refuses a tag without regex that is no default one, as Envoy does, and a regex that is none", () => {
    assert.deepEqual(compiled({ stats_tags: [{ tag_name: "mine" }] }).errors, [
      "No regex specified for tag specifier and no default regex for name: 'mine'",
    ]);
    assert.match(compiled({ stats_tags: [{ tag_name: "a", regex: "(" }] }).errors.join(), /missing \)/);
  });

  it("shows all names, none, only some or all but some", () => {
    const patterns = [{ prefix: "cluster." }];
    const names = [{ kind: "prefix", value: "cluster.", ignoreCase: false }];
    const shown = (stats_matcher: object): unknown => compiled({ stats_matcher }).plan?.shown;
    assert.deepEqual(compiled({}).plan?.shown, { kind: "all" });
    assert.deepEqual(shown({ reject_all: true }), { kind: "none" });
    assert.deepEqual(shown({ reject_all: false }), { kind: "all" });
    assert.deepEqual(shown({ inclusion_list: { patterns } }), { kind: "only", names });
    assert.deepEqual(shown({ exclusion_list: { patterns } }), { kind: "except", names });
  });

  it("has bounds of histograms in rising order", () => {
    const match = { suffix: "time" };
    const { plan } = compiled({ histogram_bucket_settings: [{ match, buckets: [10, 0.5] }] });
    assert.deepEqual(plan?.buckets, [
      { match: { kind: "suffix", value: "time", ignoreCase: false }, bounds: [0.5, 10] },
    ]);
  });
});
