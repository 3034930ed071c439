// What the checks share: the context of one load, duplicate keys, paths, and words for nodes.
// Used by check-message.ts and well-known.ts, which call each other only through the context.
import type { DescriptorSet } from "../schema/descriptor-set.ts";
import type { CheckedMessage } from "./checked.ts";
import type { Complaints } from "./complaints.ts";
import type { Written, WrittenEntry, WrittenMap } from "./written.ts";

/** What every check needs; one per load. `depth` counts the messages around the one being checked. */
export interface CheckContext {
  readonly set: DescriptorSet;
  readonly complaints: Complaints;
  readonly format: "yaml" | "json";
  /** Checks a message of this type: how an Any reaches back. */
  readonly message: (context: CheckContext, type: string, written: Written, path: string) => CheckedMessage | undefined;
  depth: number;
  /** Path of the message around that says `is_optional: true`; null: it does not. */
  optionalAt: string | null;
}

/** The entries of a mapping with duplicates complained about: the last one counts, and merged ones yield to own ones. */
export function uniqueEntries(
  context: CheckContext,
  map: WrittenMap,
  path: string,
  nameOf: (key: string) => string,
): readonly WrittenEntry[] {
  const found = new Map<string, WrittenEntry>();
  for (const entry of map.entries) {
    const name = nameOf(entry.key);
    const before = found.get(name);
    if (before !== undefined && entry.merged) continue;
    if (before !== undefined && !before.merged) {
      const says = `${name} is given twice, first on line ${before.position.line}`;
      context.complaints.stricter(entry.position, below(path, name), says);
    }
    found.set(name, entry);
  }
  return [...found.values()];
}

/** The path of a field below a path. */
export function below(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** A node in words, for messages. */
export function describe(written: Written): string {
  if (written.kind === "scalar") return written.plain ? written.text.slice(0, 60) : "text";
  return written.kind === "list" ? "a list" : written.kind === "map" ? "a mapping" : "null";
}
