import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import { formatDiagnostic } from "../../../src/config/load/format-diagnostic.ts";
import { proxyFile } from "../../support/proxy-file.ts";

const MODULE = "type.googleapis.com/starling.filters.http.module.v1.Module";
const ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
const FILES: Readonly<Record<string, string>> = {
  "good.ts": `export function open(config: { n?: number }) {\n  if (config.n === 7) throw new RangeError("n is 7");\n  return () => null;\n}`,
  "helper.ts": `export const made: string = "helped";`,
  "helped.ts": `import { made } from "./helper.ts";\nexport const open = () => { if (made !== "helped") throw made; return () => null; };`,
  "plain.mjs": "export const open = () => () => null;",
  "wrong.ts": "export const opened = 1;",
  "nothing.ts": "export const open = () => 3;",
  "syntax.ts": "export function open() {\n  let a = = 1;\n}",
  "awaits.ts": "await null; export const open = () => () => null;",
  "lost.ts": `import "./nowhere.ts";\nexport const open = () => () => null;`,
  "exits.ts": "process.exit(0);",
  "empty.ts": "",
};

describe("the file of a filter module", () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "starling-module-"));
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  });

  after(() => rmSync(folder, { recursive: true }));

  function load(fields: Readonly<Record<string, unknown>>): ReturnType<typeof loadPlan> {
    const http_filters = [
      { name: "mine", typed_config: { "@type": MODULE, ...fields } },
      { name: "router", typed_config: { "@type": ROUTER } },
    ];
    const path = join(folder, "envoy.yaml");
    writeFileSync(path, proxyFile({ port: 1, adminPort: 2, upstreamPort: 3, manager: { http_filters } }));
    return loadPlan({ path });
  }

  for (const file of ["good.ts", "helped.ts", "plain.mjs"]) {
    it(`is found beside the configuration and opens: ${file}`, () => {
      const { plan, errors, warnings } = load({ file: `./${file}`, config: { n: 1 } });
      assert.deepEqual([...errors, ...warnings].map(formatDiagnostic), []);
      const filter = plan?.listeners[0]?.filterChains[0]?.filter;
      assert.ok(filter?.kind === "http");
      const module = { kind: "module", file: join(folder, file), text: FILES[file], config: { n: 1 } };
      assert.deepEqual(filter.filters[0], { name: "mine", disabled: false, ...module });
    });
  }

  const wrong: Readonly<Record<string, readonly [fields: Readonly<Record<string, unknown>>, says: RegExp]>> = {
    "throws when it is opened": [{ file: "good.ts", config: { n: 7 } }, /good.ts:2:\d+: RangeError: n is 7$/],
    "exports no open": [{ file: "wrong.ts" }, /wrong.ts: TypeError: it exports no function 'open'$/],
    "makes no filters": [{ file: "nothing.ts" }, /TypeError: open returns no function that makes filters$/],
    "is no TypeScript": [{ file: "syntax.ts" }, /syntax.ts:2: SyntaxError: Expression expected$/],
    "waits at its top": [{ file: "awaits.ts" }, /awaits.ts: Error: .*top-level await/],
    "imports what there is not": [{ file: "lost.ts" }, /lost.ts: Error: Cannot find module '.*nowhere.ts'/],
    "ends its thread": [{ file: "exits.ts" }, /exits.ts: it ended its thread when it was opened$/],
    "is empty": [{ file: "empty.ts" }, /empty.ts is empty$/],
    "is not there": [{ file: "missing.ts" }, /Invalid path: .*missing.ts \(.*\)$/],
    "is of another kind": [{ file: "filter.wasm" }, /filter.wasm is no module: its name ends with/],
  };
  for (const [title, [fields, says]] of Object.entries(wrong)) {
    it(`is refused at its place in the configuration when it ${title}`, () => {
      const { plan, errors } = load(fields);
      assert.equal(plan, null);
      assert.equal(errors.length, 1);
      assert.match(formatDiagnostic(errors[0] ?? { file: "", line: 0, column: 0, path: "", message: "" }), says);
      assert.ok((errors[0]?.line ?? 0) > 1);
    });
  }
});

describe("Lua, Wasm and other programs in a filter", () => {
  for (const kind of ["lua.v3.Lua", "wasm.v3.Wasm", "ext_proc.v3.ExternalProcessor", "golang.v3alpha.Config"]) {
    it(`are refused with a filter module as the alternative: ${kind}`, () => {
      const more = kind.startsWith("ext_proc") ? { grpc_service: { envoy_grpc: { cluster_name: "echo" } } } : {};
      const type = `type.googleapis.com/envoy.extensions.filters.http.${kind}`;
      const http_filters = [
        { name: "mine", typed_config: { "@type": type, ...more } },
        { name: "router", typed_config: { "@type": ROUTER } },
      ];
      const text = proxyFile({ port: 1, adminPort: 2, upstreamPort: 3, manager: { http_filters } });
      const { errors } = loadPlan({ text, file: "envoy.yaml" });
      assert.match(errors.map(formatDiagnostic).join("\n"), /starling\.filters\.http\.module/);
    });
  }
});
