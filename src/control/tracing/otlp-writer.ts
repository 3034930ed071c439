// What spans, metrics and logs have in common on the wire: the resource, the scope, attributes (opentelemetry/proto/common/v1,
// resource/v1). Field numbers of the three requests are the same down to the scope.
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** Whose they are, and which program's version made them. */
export interface OtlpOrigin {
  readonly resource: ReadonlyMap<string, string>;
  readonly version: string;
}

/** An Export…ServiceRequest of one resource and one scope; `writeItems` writes spans, metrics or log records as field 2. */
export function exportRequest(origin: OtlpOrigin, writeItems: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter();
  writeItems(writer);
  const items = writer.finish();
  return Buffer.concat([exportHead(origin, items.length), items]);
}

/** What stands before the items of such a request, which are so many bytes. */
export function exportHead({ resource, version }: OtlpOrigin, itemsBytes: number): Uint8Array {
  const of = new BinaryWriter();
  of.tag(RESOURCE, WireType.LengthDelimited).fork();
  for (const [name, value] of resource) writeText(of, RESOURCE_ATTRIBUTES, name, value);
  const owner = of.join().finish();
  const by = new BinaryWriter();
  by.tag(SCOPE, WireType.LengthDelimited).fork();
  by.tag(SCOPE_NAME, WireType.LengthDelimited).string("starling");
  by.tag(SCOPE_VERSION, WireType.LengthDelimited).string(version);
  const scope = by.join().finish();
  const scoped = new BinaryWriter()
    .tag(SCOPE_ITEMS, WireType.LengthDelimited)
    .uint32(scope.length + itemsBytes)
    .finish();
  return new BinaryWriter()
    .tag(RESOURCE_ITEMS, WireType.LengthDelimited)
    .uint32(owner.length + scoped.length + scope.length + itemsBytes)
    .raw(owner)
    .raw(scoped)
    .raw(scope)
    .finish();
}

/** Where items stand in their scope. */
export const ITEMS = 2;

/** A KeyValue with a text. */
export function writeText(writer: BinaryWriter, field: number, name: string, value: string): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  writer.tag(KEY, WireType.LengthDelimited).string(name);
  writer.tag(VALUE, WireType.LengthDelimited).fork();
  writer.tag(STRING_VALUE, WireType.LengthDelimited).string(value);
  writer.join().join();
}

// Export…ServiceRequest, Resource…, Resource, Scope…, InstrumentationScope, KeyValue, AnyValue.
const RESOURCE_ITEMS = 1;
const RESOURCE = 1;
const RESOURCE_ATTRIBUTES = 1;
const SCOPE_ITEMS = 2;
const SCOPE = 1;
const SCOPE_NAME = 1;
const SCOPE_VERSION = 2;
/** Of a KeyValue. */
export const KEY = 1;
export const VALUE = 2;
/** Of an AnyValue. */
export const STRING_VALUE = 1;
