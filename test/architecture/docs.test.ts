// What the pages that users read name is there: scripts, flags, files, admin pages, statistics, links and anchors. That their commands
// print what they say is test/scenario/docs.full.test.ts, of containers npm run test:compose.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, it } from "mocha";
import { loadDescriptorSet } from "../../src/config/schema/descriptor-set.ts";
import { pagesOf } from "../../src/control/admin/page-table.ts";
import { meshPage } from "../../src/control/admin/pages/mesh.ts";
import { TAP_PATH } from "../../src/control/admin/tap/tap.ts";
import type { AdminView, MeshSource } from "../../src/control/admin/view.ts";
import { SUBCOMMANDS } from "../../src/main.ts";
import { parseFlags } from "../../src/supervisor/command-line/parse-flags.ts";
import {
  anchorsOf,
  BLOCK_KINDS,
  type CommandBlock,
  codeWords,
  commandBlocks,
  docPages,
  linksOf,
  withoutRemark,
} from "../support/doc-pages.ts";
import { missing } from "../support/doc-run.ts";
import { PROJECT, sourceFiles, sourceText } from "../support/source-files.ts";

const scripts = Object.keys((JSON.parse(sourceText("package.json")) as { scripts: object }).scripts);
const containerLines = new Set(commandBlocks("compose/README.md").flatMap(({ lines }) => lines.map(withoutRemark)));
const admin = new Set([
  ...[...pagesOf({ mesh: null } as AdminView), meshPage({} as MeshSource)].map(({ path }) => path),
  TAP_PATH,
]);
const program = sourceFiles("src", "workers").map(sourceText).join("\n");

for (const page of docPages()) {
  const blocks = commandBlocks(page);
  const commands = blocks.flatMap(({ lines }) => lines).map(withoutRemark);
  const prose = codeWords(page);

  describe(`what ${page} names`, () => {
    it("says of each block of commands how it is held", () => {
      const loose = blocks.filter(({ kind }) => !BLOCK_KINDS.includes(kind)).map(placeOf);
      assert.deepEqual(loose, [], `after sh: one of ${BLOCK_KINDS.join(", ")}`);
    });

    it("shows what its commands print", () => {
      const silent = blocks.filter(({ kind, prints }) => (kind === "start" || kind === "try") && prints === null);
      assert.deepEqual(silent.map(placeOf), []);
    });

    it("runs in containers only what compose/README.md has, which npm run test:compose types", () => {
      const typed = blocks.filter(({ kind }) => kind === "containers").flatMap(({ lines }) => lines.map(withoutRemark));
      assert.deepEqual(
        typed.filter((line) => line !== "" && !containerLines.has(line)),
        [],
      );
    });

    it("runs scripts of package.json", () => {
      const named = [...commands, ...prose].flatMap((line) => [...line.matchAll(/\bnpm run ([\w:]+)/g)]);
      assert.deepEqual(
        named.map(([, script = ""]) => script).filter((script) => !scripts.includes(script)),
        [],
      );
    });

    it("gives starling subcommands and flags that it has", () => {
      const wrong = [...commands, ...prose].flatMap(starlingCalls).flatMap(faultsOf);
      assert.deepEqual(wrong, []);
    });

    it("names files that there are", () => {
      const named = [...commands, ...prose].flatMap((line) => [...line.matchAll(FILE)]).map(([path]) => path);
      assert.deepEqual(
        named.filter((path) => !existsSync(join(PROJECT, path))),
        [],
      );
    });

    it("asks admin pages that there are", () => {
      const asked = commands.flatMap((line) => [...line.matchAll(URLS)]).map(([, path = ""]) => path);
      assert.deepEqual(
        asked.filter((path) => !isServed(path)),
        [],
      );
    });

    it("names statistics that there are", () => {
      const missing = prose.filter((word) => STATISTIC.test(word)).filter((word) => !isCounted(word));
      assert.deepEqual(missing, []);
    });
  });
}

describe("what docs/comparison.md says is missing", () => {
  it("is acted on nowhere", () => {
    const acted = JSON.parse(sourceText("test/architecture/support-ratchet.json")) as Record<string, string[]>;
    const named = [...sourceText("docs/comparison.md").matchAll(/`(envoy\.[\w.]+)`/g)].map(([, name = ""]) => name);
    const there = named.filter((name) => {
      const at = name.lastIndexOf(".");
      return name in acted || acted[name.slice(0, at)]?.includes(name.slice(at + 1)) === true;
    });
    assert.ok(named.length > 15);
    assert.deepEqual(there, []);
    assert.deepEqual(
      named.filter((name) => !isKnown(name)),
      [],
      "Envoy has no such message or field",
    );
  });
});

describe("lines that a page expects", () => {
  it("are found in their order, with … for anything", () => {
    assert.equal(missing(["a … c", "…", "d"], "x\na b c\ny\nd\n"), null);
    assert.equal(missing(["d", "a"], "a\nd\n"), "a");
    assert.equal(missing(["a.c"], "abc\n"), "a.c");
  });
});

describe("links of Markdown files", () => {
  for (const file of markdownFiles()) {
    it(`lead to places that there are: ${file}`, () => {
      const broken = linksOf(file).filter(({ path, anchor }) => {
        const target = path === "" ? file : normalize(join(dirname(file), path));
        if (!existsSync(join(PROJECT, target))) return true;
        return anchor !== "" && target.endsWith(".md") && !anchorsOf(target).has(decodeURIComponent(anchor));
      });
      assert.deepEqual(broken, []);
    });
  }
});

/** The arguments of each `starling …` and `npm run demo -- …` of a line. */
function starlingCalls(line: string): string[][] {
  const found = [
    ...line.matchAll(/(?:^|[\s;(])(?:node src\/starling\.mjs|starling|npm (?:start|run demo) --) ([^|;&>)]*)/g),
  ];
  return found.map(([whole, rest = ""]) => {
    const words = rest.match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
    return /npm (start|run demo)/.test(whole) ? ["demo", ...words] : [...words];
  });
}

function faultsOf(words: readonly string[]): readonly string[] {
  const [first = ""] = words;
  const name = first.startsWith("-") || first === "" ? "" : first;
  const subcommand = SUBCOMMANDS.find((one) => one.name === name);
  if (subcommand === undefined) return [`there is no starling ${name}`];
  const { errors } = parseFlags(subcommand.flags, name === "" ? words : words.slice(1));
  return errors
    .filter((error) => !error.includes("needs a value"))
    .map((error) => `starling ${words.join(" ")}: ${error}`);
}

/** Whether the descriptors have a message, or a field of one. */
function isKnown(name: string): boolean {
  const set = loadDescriptorSet();
  const at = name.lastIndexOf(".");
  const fields = set.message(name.slice(0, at))?.fields ?? [];
  return set.message(name) !== undefined || fields.some((field) => field.name === name.slice(at + 1));
}

function isServed(path: string): boolean {
  const clean = path.replace(/\?.*$/, "").replace(/(?<=.)\/$/, "");
  return (
    admin.has(clean) || /^\/mesh\/[\w<>…-]+\//.test(clean) || APPS.includes(clean) || SERVER_OF_REPORTS.includes(clean)
  );
}

/** Whether the program has the name's last part as a text, or as the end of one. */
function isCounted(word: string): boolean {
  const last = word.replace(/^.*\./, "").replaceAll(/[<>*…]/g, "");
  return program.includes(last);
}

function markdownFiles(): string[] {
  const folders = ["src", "test", "config", "compose", "benchmarks", "docs"];
  const found = folders.flatMap((folder) =>
    readdirSync(join(PROJECT, folder), { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
  );
  return ["README.md", ...found.filter((file) => file.endsWith(".md"))];
}

function placeOf({ page, line }: CommandBlock): string {
  return `${page}:${line}`;
}

const FILE = /(?<![\w/.$<-])(?:src|config|compose|docs|test|benchmarks|workers)\/[\w./-]*\w/g;
const URLS = /(?:localhost|127\.0\.0\.1|172\.(?:29|30)\.1\.\d):\d+(\/[^\s'"|);]*)/g;
/** `cluster.<name>.upstream_rq_retry`, `starling.certificates_renewed`. */
const STATISTIC =
  /^(?:cluster|http|listener|server|starling|mesh|eds|runtime|tracing|load_reporter|vhost|tcp)\.[\w.<>*…]+$/;
/** What the services of the documents answer. */
const APPS: readonly string[] = [
  "/",
  "/service/1",
  "/service/2",
  "/service",
  "/livez",
  "/hostname",
  "/grpc_client",
  "/login",
];
const SERVER_OF_REPORTS: readonly string[] = ["/load"];
