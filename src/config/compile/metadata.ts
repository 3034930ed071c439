// envoy.config.core.v3.Metadata as plain data. Called for whatever has metadata.
import type { CheckedJson, CheckedMessage, JsonValue } from "../load/checked.ts";
import { child, entries } from "../load/fields.ts";

/** JSON of a file as plain objects and arrays, so that it equals its structured clone. */
export function plainJson(value: JsonValue): JsonValue {
  return structuredClone(value);
}

/** filter_metadata: a Struct for each filter name. typed_filter_metadata is not read. */
export function compileMetadata(metadata: CheckedMessage): Readonly<Record<string, JsonValue>> {
  const found: Record<string, JsonValue> = {};
  for (const [name, value] of entries(metadata, "filter_metadata"))
    found[name] = plainJson((value as CheckedJson).value);
  return found;
}

/** The metadata of a listener, a filter chain, a cluster, a virtual host or a route; null: none. */
export function metadataOf(owner: CheckedMessage): Readonly<Record<string, JsonValue>> | null {
  const metadata = child(owner, "metadata");
  return metadata === undefined ? null : compileMetadata(metadata);
}
