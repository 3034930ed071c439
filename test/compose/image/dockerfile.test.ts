import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { PROJECT, sourceText } from "../../support/source-files.ts";

const dockerfile = sourceText("Dockerfile");

/** What the build is sent, as the last rule of .dockerignore that fits says; rules are plain paths, `*` and `**`. */
function isSent(path: string): boolean {
  let sent = true;
  for (const line of sourceText(".dockerignore").split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const rule = line.replace(/^!/, "");
    const pattern = rule
      .replaceAll(".", "\\.")
      .replaceAll("**/", "(.*/)?")
      .replaceAll("**", ".*")
      .replaceAll(/(?<!\.)\*/g, "[^/]*");
    if (new RegExp(`^${pattern}(/|$)`).test(path)) sent = line.startsWith("!");
  }
  return sent;
}

describe("the Dockerfile", () => {
  it("copies what there is and what .dockerignore lets through", () => {
    const copies = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, sources = ""]) =>
      sources.split(" "),
    );
    assert.ok(copies.length > 8, copies.join());
    assert.deepEqual(
      copies.filter((path) => !existsSync(join(PROJECT, path)) || !isSent(path)),
      [],
    );
  });

  it("is sent neither dependencies nor tests nor what is secret or built", () => {
    const kept = [
      "node_modules/yaml",
      "src/node_modules",
      "test/scenario/tls.full.test.ts",
      "test",
      ".git/config",
      "dist",
      "test/support/certs/front.key.pem",
    ];
    assert.deepEqual(kept.filter(isSent), []);
  });

  it("builds on one base image by its version, and names no registry", () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base = ""]) => base);
    assert.deepEqual([...new Set(bases)], ["node:24-bookworm-slim", "starling"]);
    assert.doesNotMatch(dockerfile, /https?:|registry/);
  });

  it("leaves development and optional packages out, and is checked by the program in it", () => {
    assert.match(dockerfile, /npm ci --omit=dev --omit=optional/);
    const [, script = ""] = /^HEALTHCHECK .*\["\/(.*)"\]$/m.exec(dockerfile) ?? [];
    assert.match(dockerfile, new RegExp(`^COPY .*compose/image/${script} /$`, "m"));
    const [, check = ""] = /\/starling\/dist\/(\S*)\.js/.exec(sourceText(`compose/image/${script}`)) ?? [];
    assert.ok(existsSync(join(PROJECT, `${check}.ts`)), check);
  });
});
