import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { describe, it } from "mocha";
import { ENVOY_FLAGS, MESH_FLAGS, STARLING_FLAGS } from "../../../src/supervisor/command-line/flags.ts";
import { parseFlags } from "../../../src/supervisor/command-line/parse-flags.ts";
import { serveOptions } from "../../../src/supervisor/command-line/serve-options.ts";

const FLAGS = [...ENVOY_FLAGS, ...STARLING_FLAGS, ...MESH_FLAGS];

const read = (...args: string[]) => serveOptions(parseFlags(FLAGS, args), {});

function optionsOf(...args: string[]) {
  const result = read("-c", "x.yaml", ...args);
  assert.ok(result.ok);
  return result.options;
}

function errorsOf(...args: string[]): readonly string[] {
  const result = read(...args);
  assert.ok(!result.ok);
  return result.errors;
}

describe("options of a serving process", () => {
  it("have Envoy's defaults, and a worker per core", () => {
    const options = optionsOf();
    assert.equal(options.concurrency, availableParallelism());
    assert.deepEqual(
      [options.mode, options.logLevel, options.drainTimeS, options.parentShutdownTimeS, options.drainStrategy],
      ["serve", "info", 600, 900, "gradual"],
    );
    assert.deepEqual([options.takeover, options.compat], [false, "starling"]);
  });

  it("take the loggers of Envoy that Starling has not, and refuse what neither has", () => {
    assert.equal(optionsOf("--component-log-level", "jwt:debug").componentLevels.get("jwt"), "debug");
    assert.deepEqual(errorsOf("-c", "x", "--component-log-level", "upstrem:debug"), [
      "--component-log-level: no component 'upstrem' (did you mean upstream?)",
    ]);
  });

  it("take levels of single components, and warn for warning", () => {
    const options = optionsOf("-l", "warn", "--component-log-level", "upstream:debug,config:trace");
    assert.equal(options.logLevel, "warning");
    assert.deepEqual(
      [...options.componentLevels],
      [
        ["upstream", "debug"],
        ["config", "trace"],
      ],
    );
  });

  it("take what is said of the mesh from flags, else from variables, and remember where it was said", () => {
    const environment = { STARLING_MESH: "embedded", STARLING_MESH_NAME: "v", STARLING_ROLES: "", PATH: "/bin" };
    const result = serveOptions(parseFlags(FLAGS, ["-c", "x", "--mesh-name", "f", "--mesh-node="]), environment);
    assert.ok(result.ok);
    assert.deepEqual(
      [...result.options.overrides],
      [
        ["mesh", { text: "embedded", source: "STARLING_MESH" }],
        ["mesh-name", { text: "f", source: "--mesh-name" }],
      ],
    );
  });

  const mistakes: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["no configuration", [], /^no configuration: give --config-path/],
    ["an unknown mode", ["-c", "x", "--mode", "validat"], /--mode: 'validat' .*did you mean validate\?/],
    ["an unknown level", ["-c", "x", "-l", "loud"], /--log-level: 'loud' is none of trace/],
    ["no worker at all", ["-c", "x", "--concurrency", "0"], /--concurrency must be at least 1/],
    ["a stray word", ["-c", "x", "demmo"], /unexpected argument 'demmo'/],
    ["a component without a level", ["-c", "x", "--component-log-level", "main"], /'main' is not component:level/],
  ];
  for (const [name, args, message] of mistakes) {
    it(`are refused for ${name}`, () => assert.match(errorsOf(...args).join("\n"), message));
  }
});
