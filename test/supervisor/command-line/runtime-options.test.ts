import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parseFlags } from "../../../src/supervisor/command-line/parse-flags.ts";
import {
  RUNTIME_FLAGS,
  type RuntimeCommand,
  runtimeCommand,
} from "../../../src/supervisor/command-line/runtime-options.ts";

function read(line: string): RuntimeCommand | readonly string[] {
  return runtimeCommand(parseFlags(RUNTIME_FLAGS, line.split(" ").filter(Boolean)));
}

function changeOf(line: string) {
  const command = read(line);
  assert.ok("kind" in command && command.kind === "change", JSON.stringify(command));
  const { change: _id, ...change } = command.change;
  return change;
}

describe("starling runtime", () => {
  it("reads a change with all there is to say", () => {
    const line =
      "set routing.canary 100 --over 10m --steps 20 --from 5 --guard cluster_error_rate<1% --guard cluster_p99<1s";
    const more = "--guard-cluster v2 --guard-window 30s --guard-min 50 --writer alice --any-key";
    assert.deepEqual(changeOf(`${line} ${more}`), {
      action: "set",
      key: "routing.canary",
      value: "100",
      writer: "alice",
      rampMs: 600_000,
      steps: 20,
      from: "5",
      guards: [
        { cluster: "v2", rule: "cluster_error_rate<1%" },
        { cluster: "v2", rule: "cluster_p99<1s" },
      ],
      windowMs: 30_000,
      requestsMin: 50,
      anyKey: true,
    });
  });

  it("names who asks when nobody is named, and looks back ten seconds unless told", () => {
    const { writer, windowMs, requestsMin, rampMs, guards } = changeOf("set k 1");
    assert.match(writer, /.@./);
    assert.deepEqual(
      { windowMs, requestsMin, rampMs, guards },
      { windowMs: 10_000, requestsMin: 20, rampMs: 0, guards: [] },
    );
  });

  it("stops a ramp, or puts it back", () => {
    assert.deepEqual(
      [changeOf("stop k").action, changeOf("stop k --abort").action, changeOf("unset k").action],
      ["stop", "abort", "unset"],
    );
  });

  it("shows", () => {
    assert.deepEqual(
      [read("get k --json"), read("list"), read("watch")],
      [{ kind: "get", key: "k" }, { kind: "list" }, { kind: "watch" }],
    );
  });

  for (const [line, says] of [
    ["", /say one of set, unset, stop, get, list, watch/],
    ["sett k 1", /'sett'.*did you mean set/],
    ["set k", /runtime set needs KEY VALUE/],
    ["set k 1 2", /'2' is too much/],
    ["unset k --over 1s", /--over is for set/],
    ["set k 1 --over soon", /--over is a time such as 30s/],
    ["set k 1 --over 1ms", /--over is a time/],
    ["set k 1 --over 10000h", /--over is a time/],
    ["set k 1 --steps 3", /--steps is for a ramp: say --over/],
    ["set k 1 --over 1s --steps 0", /--steps is 1 to 1000/],
    ["set k 1 --guard errors<1%", /--guard 'errors<1%' is not cluster_error_rate<N%/],
    ["set k 1 --guard-min 5", /--guard-min is for guards: say --guard/],
    ["set k 1 --guard cluster_p99<1s --guard-window 1h", /--guard-window is a time/],
    [`set ${"k".repeat(257)} 1`, /a key has 1 to 256 bytes/],
    [`set k ${"v".repeat(1_025)}`, /a value has up to 1024 bytes/],
    ["set k \u0007", /a value has up to/],
    ["list --abort", /--abort is for stop/],
  ] as const) {
    it(`says what is wrong with '${line.slice(0, 50)}'`, () => {
      const wrong = read(line);
      assert.ok(Array.isArray(wrong), JSON.stringify(wrong));
      assert.match(wrong.join("\n"), says);
    });
  }
});
