import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "mocha";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import { loadLrsServerFile } from "../../src/config/compile/lrs-server.ts";
import { formatDiagnostic } from "../../src/config/load/format-diagnostic.ts";
import { PROJECT, sourceText } from "../support/source-files.ts";
import { ROOMS } from "./rooms.ts";

const readme = sourceText("README.md");
const packageJson = JSON.parse(sourceText("package.json")) as Record<string, Record<string, string>>;
const names = (...members: string[]): string[] => members.flatMap((member) => Object.keys(packageJson[member] ?? {}));

describe("the README", () => {
  it("maps the rooms that there are, with what each may import", () => {
    const rows = tableUnder("Where things are").map(([room = "", , imports = ""]) => [
      room.replaceAll("`", ""),
      importsOf(room.replaceAll("`", ""), imports),
    ]);
    const rooms = ROOMS.map(({ name, mayImport }) => [name, [...mayImport].sort()]);
    assert.deepEqual(Object.fromEntries(rows), Object.fromEntries(rooms));
    assert.equal(rows.length, rooms.length);
  });

  it("gives a reason for every dependency, and for no other package", () => {
    const listed = tableUnder("Dependencies").flatMap(([packages = ""]) => packages.replace(/ \(.*\)/, "").split(", "));
    assert.deepEqual(listed.sort(), names("dependencies", "optionalDependencies", "devDependencies").sort());
  });

  it("explains every script, and no other", () => {
    const listed = tableUnder("Scripts").flatMap(
      ([scripts = ""]) => scripts.match(/(?<=npm (run )?)[\w:]+(?=`)/g) ?? [],
    );
    assert.deepEqual(listed.sort(), names("scripts").sort());
  });

  it("names only scripts that there are", () => {
    const scripts = names("scripts");
    const named = [...readme.matchAll(/npm run ([\w:]+)/g)].map(([, script = ""]) => script);
    assert.deepEqual(
      named.filter((script) => !scripts.includes(script)),
      [],
    );
  });
});

describe("Markdown files", () => {
  for (const file of markdownFiles()) {
    it(`link only to what is there: ${file}`, () => {
      const links = [...sourceText(file).matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)].map(([, target = ""]) => target);
      const broken = links.filter((link) => !link.includes("://") && !existsSync(join(PROJECT, dirname(file), link)));
      assert.deepEqual(broken, []);
    });
  }
});

describe("sample files", () => {
  for (const file of files("config").filter((one) => /\.(yaml|json)$/.test(one))) {
    it(`validate without a warning: ${file}`, () => {
      const path = join(PROJECT, file);
      const { plan, errors, warnings } = file.endsWith("/lrs-server.yaml")
        ? loadLrsServerFile(path)
        : loadPlan({ path });
      assert.deepEqual([...errors, ...warnings].map(formatDiagnostic), []);
      assert.notEqual(plan, null);
    });
  }
});

/** The cells of the first table under a heading, without its head. */
function tableUnder(heading: string): string[][] {
  const section = readme.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  assert.ok(rows.length > 2, `README.md has no table under ${heading}`);
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function importsOf(room: string, cell: string): string[] {
  if (cell === "–") return [];
  const but = /^all but (\w+)$/.exec(cell)?.[1];
  const found = but === undefined ? cell.split(", ") : ROOMS.map(({ name }) => name).filter((name) => name !== but);
  return found.filter((name) => name !== room).sort();
}

function markdownFiles(): string[] {
  return [
    "README.md",
    ...files("src", "test", "config", "compose", "benchmarks", "docs").filter((file) => file.endsWith(".md")),
  ];
}

function files(...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(PROJECT, folder), { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
  );
}
