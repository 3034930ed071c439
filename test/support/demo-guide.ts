// What a demo prints for its readers, typed as it stands.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** The output of the guide's only line with these words. */
export async function typedFrom(guide: string, words: string): Promise<string> {
  const found = guide.split("\n").filter((line) => line.startsWith("  ") && line.includes(words));
  assert.equal(found.length, 1, `${words} in ${guide}`);
  return (await promisify(execFile)("sh", ["-c", found[0] ?? ""])).stdout;
}
