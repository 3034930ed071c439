// Values of metadata as access logs and added headers write them, whosever metadata it is: a path's end, and its text. Called only where a
// format or a filter asks.

/** Metadata: a struct for each namespace. */
export type MetadataValues = Readonly<Record<string, unknown>>;

/** The operators whose values have types in JSON. */
export const METADATA_OPERATORS: ReadonlySet<string> = new Set([
  "METADATA",
  "DYNAMIC_METADATA",
  "CLUSTER_METADATA",
  "UPSTREAM_METADATA",
]);

/** What stands at the path, its namespace first; undefined: nothing. */
export function valueAt(metadata: MetadataValues | null | undefined, path: readonly string[]): unknown {
  if (path.length === 0) return undefined;
  let value: unknown = metadata;
  for (const key of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, key))
      return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

/** What METADATA says of the listener and the filter chain of a connection. */
export function ownersValue(
  listener: MetadataValues | null,
  chain: MetadataValues | null,
  [owner, ...path]: readonly string[],
): unknown {
  return valueAt(owner === "LISTENER" ? listener : owner === "LISTENER_FILTER_CHAIN" ? chain : null, path);
}

/** Texts as they are, anything else as JSON; undefined for what is not there, and for null. */
export function metadataText(value: unknown): string | undefined {
  return typeof value === "string" || value === undefined || value === null ? (value ?? undefined) : sortedJson(value);
}

/** JSON with the keys of objects in order, as Envoy writes a struct. */
export function sortedJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(",")}]`;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, one]) => `${JSON.stringify(key)}:${sortedJson(one)}`).join(",")}}`;
}
