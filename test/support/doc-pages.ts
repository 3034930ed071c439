// The pages that users read (README.md and docs/), taken apart: command blocks with what they print, links, anchors, words in code.
// Used by the tests that hold them. docs/README.md says what the kinds of blocks mean.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { PROJECT, sourceText } from "./source-files.ts";

/** A fenced block of commands. */
export interface CommandBlock {
  /** Path from the checkout. */
  readonly page: string;
  /** The line of its first command. */
  readonly line: number;
  /** The word after `sh`; empty when there is none. */
  readonly kind: string;
  /** Its lines as they stand. */
  readonly lines: readonly string[];
  /** The lines of the `text` block that follows it; null: none follows. */
  readonly prints: readonly string[] | null;
}

/** What a block of commands can be. */
export const BLOCK_KINDS: readonly string[] = ["start", "try", "containers", "own"];

/** README.md and every Markdown file of docs/. */
export function docPages(): string[] {
  const found = readdirSync(join(PROJECT, "docs"), { recursive: true, encoding: "utf8" });
  return ["README.md", ...found.filter((file) => file.endsWith(".md")).map((file) => join("docs", file))].sort();
}

/** The command blocks of a page, in order. */
export function commandBlocks(page: string): CommandBlock[] {
  const blocks: CommandBlock[] = [];
  let open: { info: string; line: number; lines: string[] } | null = null;
  let last: { kind: string; line: number; lines: string[]; prints: string[] | null } | null = null;
  const close = (): void => {
    if (last !== null) blocks.push({ page, ...last });
    last = null;
  };
  for (const [at, line] of sourceText(page).split("\n").entries()) {
    if (open === null) {
      const info = /^```(.*)$/.exec(line)?.[1];
      if (info !== undefined) open = { info, line: at + 2, lines: [] };
      continue;
    }
    if (line !== "```") {
      open.lines.push(line);
      continue;
    }
    const [language = "", kind = ""] = open.info.split(" ");
    if (language === "text" && last !== null) {
      last.prints = open.lines;
      close();
    } else {
      close();
      if (language === "sh" || language === "bash") last = { kind, line: open.line, lines: open.lines, prints: null };
    }
    open = null;
  }
  close();
  return blocks;
}

/** Everything in `single backticks` outside fenced blocks. */
export function codeWords(page: string): string[] {
  const prose = sourceText(page).replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, word = ""]) => word);
}

/** A command line without the remark at its end. */
export function withoutRemark(line: string): string {
  return line.replace(/\s+# .*$/, "").trimEnd();
}

/** The anchors that a page's headings have, by GitHub's rules. */
export function anchorsOf(page: string): Set<string> {
  const prose = sourceText(page).replaceAll(/^```[\s\S]*?^```$/gm, "");
  const headings = [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(headings.map(anchorOf));
}

/** Links of a page: its own place is `""`. */
export function linksOf(page: string): { readonly path: string; readonly anchor: string }[] {
  const prose = sourceText(page)
    .replaceAll(/^```[\s\S]*?^```$/gm, "")
    .replaceAll(/`[^`\n]+`/g, "code");
  return [...prose.matchAll(/\]\(([^)#\s]*)(?:#([^)\s]*))?\)/g)]
    .map(([, path = "", anchor = ""]) => ({ path, anchor }))
    .filter(({ path }) => !path.includes("://"));
}

function anchorOf(heading: string): string {
  const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
  return plain
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");
}
