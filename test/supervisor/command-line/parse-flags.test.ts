import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { COMMON_FLAGS, ENVOY_FLAGS, STARLING_FLAGS } from "../../../src/supervisor/command-line/flags.ts";
import { parseFlags } from "../../../src/supervisor/command-line/parse-flags.ts";

const FLAGS = [...ENVOY_FLAGS, ...STARLING_FLAGS, ...COMMON_FLAGS];

const parse = (...args: string[]) => parseFlags(FLAGS, args);

describe("parsing flags", () => {
  const spellings: readonly (readonly string[])[] = [
    ["--config-path", "a.yaml"],
    ["--config-path=a.yaml"],
    ["-c", "a.yaml"],
    ["-ca.yaml"],
    ["-c=a.yaml"],
  ];
  for (const args of spellings) {
    it(`understands ${args.join(" ")}`, () => {
      const { values, errors } = parse(...args);
      assert.deepEqual([values.get("config-path"), errors], ["a.yaml", []]);
    });
  }

  it("takes the last of a flag given twice, and all of one that may be repeated", () => {
    const { values, lists } = parse("-l", "info", "-l", "debug", "--stats-tag", "a:1", "--stats-tag=b:2");
    assert.equal(values.get("log-level"), "debug");
    assert.deepEqual(lists.get("stats-tag"), ["a:1", "b:2"]);
  });

  it("takes a value that looks like a flag", () => {
    assert.equal(parse("--config-yaml", "-x").values.get("config-yaml"), "-x");
  });

  it("takes everything after -- as it is", () => {
    assert.deepEqual(parse("a", "--", "--nope").rest, ["a", "--nope"]);
  });

  const mistakes: readonly (readonly [string, readonly string[], string])[] = [
    ["a misspelt flag", ["--concurency", "2"], "unknown flag --concurency (did you mean --concurrency?)"],
    ["a flag that is like no other", ["--zzzzzzzz"], "unknown flag --zzzzzzzz"],
    ["a missing value", ["--config-path"], "--config-path needs a value"],
    ["a number that is none", ["--concurrency", "two"], "--concurrency: 'two' is not a whole number"],
    ["a negative number", ["--concurrency=-1"], "--concurrency: '-1' is not a whole number"],
    ["a value for a switch", ["--takeover=maybe"], "--takeover takes no value"],
  ];
  for (const [name, args, message] of mistakes) {
    it(`reports ${name}`, () => assert.equal(parse(...args).errors[0], message));
  }

  it("reports every mistake at once", () => {
    assert.equal(parse("--nopenope", "--drain-time-s", "x", "--log-path").errors.length, 3);
  });

  it("knows every flag of Envoy 1.40", () => {
    const names = new Set(ENVOY_FLAGS.map(({ name }) => name));
    const missing = ENVOY_1_40.filter((name) => !names.has(name));
    assert.deepEqual(missing, []);
  });
});

const ENVOY_1_40 = (
  "stats-tag enable-core-dump socket-mode socket-path disable-extensions cpuset-threads enable-mutex-tracing " +
  "disable-hot-restart mode parent-shutdown-time-s drain-strategy drain-time-s file-flush-min-size-kb " +
  "file-flush-interval-msec service-zone service-node service-cluster hot-restart-version restart-epoch log-path " +
  "enable-fine-grain-logging log-format-escaped log-format component-log-level log-level local-address-ip-version " +
  "admin-address-path log-stacktrace-single-entry skip-deprecated-logs ignore-unknown-dynamic-fields " +
  "reject-unknown-dynamic-fields allow-unknown-static-fields allow-unknown-fields config-yaml config-path concurrency " +
  "base-id-path skip-hot-restart-parent-stats skip-hot-restart-on-no-parent use-dynamic-base-id base-id"
).split(" ");
