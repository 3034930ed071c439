// The HPACK stories of http2jp/hpack-test-case as the crate httlib-hpack carries them: fetched once with cargo into node_modules/.cache.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** One header block of a story. */
export interface StoryCase {
  /** Announced and acknowledged just before this case. */
  readonly header_table_size?: number | null;
  /** The block in hexadecimal. */
  readonly wire: string;
  readonly headers: readonly Readonly<Record<string, string>>[];
}

/** One connection's blocks in one direction, as one encoder wrote them. */
export interface Story {
  readonly name: string;
  readonly cases: readonly StoryCase[];
}

const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/hpack-stories/", import.meta.url));
const FIXTURES = `${CACHE}vendor/httlib-hpack/fixtures/`;
const MANIFEST = `[package]
name = "hpack-stories"
version = "0.0.0"
edition = "2021"

[dependencies]
httlib-hpack = "=0.1.3"
`;

/** Why the stories cannot be had here, or null when they are in the cache now. */
export function fetchStories(): string | null {
  if (existsSync(FIXTURES)) return null;
  mkdirSync(`${CACHE}src`, { recursive: true });
  writeFileSync(`${CACHE}Cargo.toml`, MANIFEST);
  writeFileSync(`${CACHE}src/lib.rs`, "");
  try {
    execFileSync("cargo", ["vendor", "--quiet", "vendor"], { cwd: CACHE, stdio: "pipe", timeout: 120_000 });
  } catch (error) {
    return `cargo could not fetch the crate httlib-hpack: ${error instanceof Error ? error.message : String(error)}`;
  }
  return existsSync(FIXTURES) ? null : "the crate httlib-hpack came without its fixtures";
}

/** Names of the encoders that wrote stories. */
export function storyWriters(): string[] {
  return readdirSync(FIXTURES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** All stories of one writer. */
export function storiesOf(writer: string): Story[] {
  return readdirSync(FIXTURES + writer)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => {
      const story = JSON.parse(readFileSync(`${FIXTURES}${writer}/${file}`, "utf8")) as { cases: StoryCase[] };
      return { name: `${writer}/${file}`, cases: story.cases };
    });
}
