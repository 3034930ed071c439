// A message as a table of its fields: read and written by the same rows, so that the two directions cannot differ. Used by shapes.ts.
import { type BinaryReader, type BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type FieldType, WireFault } from "./fields.ts";

/** One message type. */
export interface Shape<Value> {
  /** Throws when the value does not keep its limits: a bug of ours. */
  write(writer: BinaryWriter, value: Value): void;
  /** The value that ends at `end`; throws a WireFault, or what the library throws. Fields it does not know are skipped. */
  read(reader: BinaryReader, end: number): Value;
}

/** Each field with its number. */
export type Fields<Value> = { readonly [Name in keyof Value]: readonly [number: number, type: FieldType<Value[Name]>] };

/** A message of these fields. `isSound`: what must hold between valid fields. */
export function fieldsShape<Value extends object>(
  name: string,
  fields: Fields<Value>,
  isSound: (value: Value) => boolean = () => true,
): Shape<Value> {
  const rows = Object.entries(fields as Fields<Record<string, unknown>>).map(([field, [number, type]]) => ({
    field,
    number,
    type,
  }));
  const byNumber = new Map(rows.map((row) => [row.number, row]));
  const wrongIn = (value: Record<string, unknown>): string | null => {
    for (const { field, type } of rows) if (!type.isValid(value[field])) return `${name}.${field}`;
    return isSound(value as Value) ? null : name;
  };
  return {
    write: (writer, value) => {
      const values = value as Record<string, unknown>;
      const wrong = wrongIn(values);
      if (wrong !== null) throw new Error(`beyond its limits: ${wrong}`);
      for (const { field, number, type } of rows) {
        if (!type.isAbsent(values[field])) type.write(writer, number, values[field]);
      }
    },
    read: (reader, end) => {
      const values: Record<string, unknown> = {};
      for (const { field, type } of rows) values[field] = type.absent();
      while (reader.pos < end) {
        const [number, wire] = reader.tag();
        const row = byNumber.get(number);
        if (row === undefined) reader.skip(wire, number);
        else if (wire !== row.type.wire) throw new WireFault("malformed", `${name}.${row.field} has another type`);
        else values[row.field] = row.type.read(reader, values[row.field]);
      }
      if (reader.pos !== end) throw new WireFault("malformed", `${name} ends inside of a field`);
      const wrong = wrongIn(values);
      if (wrong !== null) throw new WireFault("out-of-range", wrong);
      return values as Value;
    },
  };
}

/** Messages that are told apart by `type`: each kind with its number and its other fields. */
export type Kinds<Value extends { readonly type: string }> = {
  readonly [Type in Value["type"]]: readonly [
    number: number,
    shape: Shape<Omit<Extract<Value, { readonly type: Type }>, "type">>,
  ];
};

/** Exactly one of several kinds. */
export function kindsShape<Value extends { readonly type: string }>(name: string, kinds: Kinds<Value>): Shape<Value> {
  const rows = Object.entries(kinds as Readonly<Record<string, readonly [number, Shape<object>]>>);
  const byNumber = new Map(rows.map(([type, [number, shape]]) => [number, { type, shape }]));
  const byType = new Map(rows.map(([type, [number, shape]]) => [type, { number, shape }]));
  return {
    write: (writer, value) => {
      const kind = byType.get(value.type);
      if (kind === undefined) throw new Error(`${name} of type ${value.type}`);
      writer.tag(kind.number, WireType.LengthDelimited).fork();
      kind.shape.write(writer, value);
      writer.join();
    },
    read: (reader, end) => {
      let value: Value | null = null;
      while (reader.pos < end) {
        const [number, wire] = reader.tag();
        const kind = byNumber.get(number);
        if (kind === undefined) {
          reader.skip(wire, number);
          continue;
        }
        if (wire !== WireType.LengthDelimited) throw new WireFault("malformed", `${name} has another type`);
        if (value !== null) throw new WireFault("malformed", `${name} of two kinds`);
        const length = reader.uint32();
        value = { type: kind.type, ...kind.shape.read(reader, reader.pos + length) } as unknown as Value;
      }
      if (reader.pos !== end) throw new WireFault("malformed", `${name} ends inside of a field`);
      if (value === null) throw new WireFault("out-of-range", `${name} of an unknown kind`);
      return value;
    },
  };
}
