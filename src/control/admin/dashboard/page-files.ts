// The dashboard's files: its own page and the two packages it runs on, read once, compressed at the first request that takes it. Called
// by dashboard.ts; knows no path of the machine but those of the program's own files.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";
import { besideCode } from "../../../base/location.ts";

/** A file as it is sent. */
export interface PageFile {
  readonly contentType: string;
  /** Strong: quoted, of the content. */
  readonly etag: string;
  readonly plain: Buffer;
  /** In brotli. */
  packed(): Buffer;
}

/** The file of a name, null when there is none. */
export function pageFile(name: string): PageFile | null {
  const held = files.get(name);
  if (held !== undefined) return held;
  const source = SOURCES.get(name);
  if (source === undefined) return null;
  const file = readPageFile(source(), TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "");
  files.set(name, file);
  return file;
}

/** Names of all of them. */
export function pageFileNames(): string[] {
  return [...SOURCES.keys()];
}

function readPageFile(url: URL, contentType: string): PageFile {
  // Served without their source maps: nobody but us would ask for them.
  const plain = Buffer.from(readFileSync(url, "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, ""));
  let packed: Buffer | null = null;
  return {
    contentType,
    etag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, ETAG_CHARACTERS)}"`,
    plain,
    packed: () => {
      packed ??= brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
      return packed;
    },
  };
}

const OWN = [
  "index.html",
  "style.css",
  "access.js",
  "app.js",
  "control.js",
  "events.js",
  "facts.js",
  "format.js",
  "forms.css",
  "links.js",
  "live.js",
  "merge.js",
  "parts.js",
  "tap.js",
  "views.js",
  "workers.js",
];
const SOURCES: ReadonlyMap<string, () => URL> = new Map([
  ...OWN.map((name) => [name, () => besideCode(`control/admin/dashboard/page/${name}`)] as const),
  ["preact.js", () => new URL(import.meta.resolve("preact"))],
  ["htm.js", () => new URL(import.meta.resolve("htm"))],
]);
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=UTF-8",
  css: "text/css; charset=UTF-8",
  js: "text/javascript; charset=UTF-8",
};
const files = new Map<string, PageFile>();
const ETAG_CHARACTERS = 22;
/** As small as at 11 within a few percent, in a tenth of the time. */
const BROTLI_QUALITY = 9;
