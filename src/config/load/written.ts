// What a file says before anything is known about its meaning: scalars as text, lists and maps, each with its position.
// Made by read-yaml.ts (YAML and JSON) and by wire decoding; read by the checks. Aliases share nodes, so it is a DAG.
import type { Position } from "./checked.ts";

/** A scalar. `plain` is true for one without quotes and not in block style; its meaning then depends on the field's type. */
export interface WrittenScalar {
  readonly kind: "scalar";
  readonly text: string;
  readonly plain: boolean;
  readonly position: Position;
}

/** An explicit or empty null. */
export interface WrittenNull {
  readonly kind: "null";
  readonly position: Position;
}

/** A sequence. */
export interface WrittenList {
  readonly kind: "list";
  readonly items: readonly Written[];
  readonly position: Position;
}

/** One `key: value`; `merged` says that it came through a merge key and yields to a key written in place. */
export interface WrittenEntry {
  readonly key: string;
  readonly position: Position;
  readonly value: Written;
  readonly merged: boolean;
}

/** A mapping, duplicate keys still in it. */
export interface WrittenMap {
  readonly kind: "map";
  readonly entries: readonly WrittenEntry[];
  readonly position: Position;
}

/** Any node of a file. */
export type Written = WrittenScalar | WrittenNull | WrittenList | WrittenMap;
