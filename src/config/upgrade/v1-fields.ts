// Fields of one JSON object of Envoy's v1 API, each asked for once; what nobody asked for cannot be mapped and is said by name. Used by
// v1-routes.ts.
import type { Position } from "../load/checked.ts";
import type { Complaints } from "../load/complaints.ts";
import type { Written, WrittenEntry, WrittenMap } from "../load/written.ts";

/** A value as v3 has it. */
export type V3 = string | number | boolean | readonly V3[] | { readonly [key: string]: V3 | undefined };

/** One object. */
export class V1Fields {
  private readonly map: WrittenMap;
  private readonly path: string;
  private readonly complaints: Complaints;
  private readonly asked = new Set<string>();

  constructor(map: WrittenMap, path: string, complaints: Complaints) {
    this.map = map;
    this.path = path;
    this.complaints = complaints;
  }

  has(key: string): boolean {
    return this.map.entries.some((entry) => entry.key === key);
  }

  text(key: string): string | undefined {
    return this.scalar(key, "a text", (text) => text);
  }

  /** A whole number that is not negative. */
  count(key: string): number | undefined {
    return this.scalar(key, "a whole number", (text) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined));
  }

  flag(key: string): boolean | undefined {
    return this.scalar(key, "true or false", (text) => FLAGS.get(text));
  }

  /** Milliseconds as a duration. */
  millis(key: string): string | undefined {
    const ms = this.count(key);
    return ms === undefined ? undefined : `${ms / 1_000}s`;
  }

  /** One of these words, as v3 calls it. */
  word(key: string, words: Readonly<Record<string, string>>): string | undefined {
    return this.scalar(key, Object.keys(words).join(" or "), (text) => words[text]);
  }

  /** An object, mapped. */
  child<Result>(key: string, map: (fields: V1Fields) => Result): Result | undefined {
    const entry = this.entry(key);
    return entry === undefined ? undefined : this.objectOf(entry.value, this.pathOf(key), map);
  }

  /** A list of objects, each mapped. */
  children<Result>(key: string, map: (fields: V1Fields) => Result): Result[] | undefined {
    return this.items(key)?.flatMap((item, at) => this.objectOf(item, `${this.pathOf(key)}[${at}]`, map) ?? []);
  }

  texts(key: string): string[] | undefined {
    return this.items(key)?.flatMap((item, at) => {
      if (item.kind === "scalar") return [item.text];
      this.complaints.error(item.position, `${this.pathOf(key)}[${at}]`, "must be a text");
      return [];
    });
  }

  /** The fields before are all that v3 has an equal of: `hint` by name for others. */
  end(hints: Readonly<Record<string, string>> = {}): void {
    for (const { key, position } of this.map.entries) {
      if (this.asked.has(key)) continue;
      const hint = hints[key] === undefined ? "" : `: ${hints[key]}`;
      this.complaints.error(position, this.pathOf(key), `'${key}' is not mapped to v3${hint}`);
    }
  }

  /** What the reader must know of a field that was mapped. */
  remark(key: string, says: string): void {
    this.complaints.warn(this.positionOf(key), this.pathOf(key), says);
  }

  /** A field that is missing, or wrong in itself. */
  wrong(key: string, says: string): void {
    this.complaints.error(this.positionOf(key), this.pathOf(key), says);
  }

  private scalar<Result>(key: string, what: string, read: (text: string) => Result | undefined): Result | undefined {
    const entry = this.entry(key);
    if (entry === undefined) return undefined;
    const value = entry.value.kind === "scalar" ? read(entry.value.text) : undefined;
    if (value === undefined) this.complaints.error(entry.position, this.pathOf(key), `must be ${what}`);
    return value;
  }

  private items(key: string): readonly Written[] | undefined {
    const entry = this.entry(key);
    if (entry === undefined) return undefined;
    if (entry.value.kind === "list") return entry.value.items;
    this.complaints.error(entry.position, this.pathOf(key), "must be a list");
    return undefined;
  }

  private objectOf<Result>(value: Written, path: string, map: (fields: V1Fields) => Result): Result | undefined {
    if (value.kind === "map") return map(new V1Fields(value, path, this.complaints));
    this.complaints.error(value.position, path, "must be an object");
    return undefined;
  }

  private entry(key: string): WrittenEntry | undefined {
    this.asked.add(key);
    return this.map.entries.findLast((entry) => entry.key === key);
  }

  private positionOf(key: string): Position {
    return this.entry(key)?.position ?? this.map.position;
  }

  private pathOf(key: string): string {
    return this.path === "" ? key : `${this.path}.${key}`;
  }
}

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
]);
