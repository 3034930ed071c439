// Differences between two values of JSON as a merge patch (RFC 7386): what the dashboard's events carry. Its other half is page/merge.js.

/** What JSON can say, null aside: a patch takes it for "gone". */
export type Json = string | number | boolean | readonly Json[] | JsonObject;

/** Members by name. */
export interface JsonObject {
  readonly [name: string]: Json;
}

/** A patch: null removes a member, an object changes one, all else replaces it. */
export interface MergePatch {
  readonly [name: string]: Json | MergePatch | null;
}

/** What makes `after` of `before`; null: they are equal. Arrays are replaced whole. */
export function mergePatch(before: JsonObject, after: JsonObject): MergePatch | null {
  const changes: [string, Json | MergePatch | null][] = [];
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) changes.push([name, null]);
  for (const [name, now] of Object.entries(after)) {
    const then = Object.hasOwn(before, name) ? before[name] : undefined;
    if (isObject(then) && isObject(now)) {
      const inner = mergePatch(then, now);
      if (inner !== null) changes.push([name, inner]);
    } else if (then === undefined || JSON.stringify(then) !== JSON.stringify(now)) changes.push([name, now]);
  }
  return changes.length === 0 ? null : Object.fromEntries(changes);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && !Array.isArray(value);
}
