// Reads one .proto file into declarations with unresolved type names. Called by descriptor-set.ts; link.ts resolves names.
// Reads proto3 as Envoy's API is written: services, extensions and reserved ranges are skipped, never checked.
import { ProtoScanner } from "./proto-scanner.ts";
import type { RuleValue } from "./shape.ts";

/** Options by full name with their path joined by dots: `deprecated`, `validate.rules.string.min_len` (as a tree). */
export type ProtoOptions = { [name: string]: RuleValue };

/** A field as written; `type` is the word in the file. */
export interface ProtoField {
  readonly name: string;
  readonly type: string;
  readonly number: number;
  readonly repeated: boolean;
  readonly mapKey?: string;
  readonly oneof?: string;
  readonly options: ProtoOptions;
}

/** A message as written. */
export interface ProtoMessage {
  readonly name: string;
  readonly fields: ProtoField[];
  readonly oneofs: { readonly name: string; readonly options: ProtoOptions }[];
  readonly messages: ProtoMessage[];
  readonly enums: ProtoEnum[];
  readonly options: ProtoOptions;
}

/** An enum as written. */
export interface ProtoEnum {
  readonly name: string;
  readonly values: { readonly name: string; readonly number: number; readonly options: ProtoOptions }[];
}

/** A file as written. */
export interface ProtoFile {
  package: string;
  readonly imports: string[];
  readonly messages: ProtoMessage[];
  readonly enums: ProtoEnum[];
}

/** Parses the text of a .proto file. Throws SyntaxError where the text is not the grammar's. */
export function parseProto(text: string): ProtoFile {
  const scan = new ProtoScanner(text);
  const file: ProtoFile = { package: "", imports: [], messages: [], enums: [] };
  while (scan.kind !== "end") {
    if (scan.take("message")) file.messages.push(readMessage(scan));
    else if (scan.take("enum")) file.enums.push(readEnum(scan));
    else if (scan.take("package")) {
      file.package = scan.shift();
      scan.expect(";");
    } else if (scan.take("import")) {
      if (scan.kind === "name") scan.next();
      file.imports.push(scan.shift());
      scan.expect(";");
    } else skipStatement(scan);
  }
  return file;
}

function readMessage(scan: ProtoScanner): ProtoMessage {
  const message: ProtoMessage = { name: scan.shift(), fields: [], oneofs: [], messages: [], enums: [], options: {} };
  scan.expect("{");
  while (!scan.take("}")) readMember(scan, message);
  return message;
}

function readMember(scan: ProtoScanner, message: ProtoMessage): void {
  const word = scan.shift();
  if (word === "message") message.messages.push(readMessage(scan));
  else if (word === "enum") message.enums.push(readEnum(scan));
  else if (word === "option") readOptionStatement(scan, message.options);
  else if (word === "oneof") readOneof(scan, message);
  else if (word === "reserved" || word === "extensions" || word === "extend") skipStatement(scan);
  else if (word === "map" && scan.take("<")) {
    const mapKey = scan.shift();
    scan.expect(",");
    const type = scan.shift();
    scan.expect(">");
    message.fields.push({ ...readField(scan, type, true), mapKey });
  } else if (word === "repeated") message.fields.push(readField(scan, scan.shift(), true));
  else if (word === "optional" || word === "required") message.fields.push(readField(scan, scan.shift(), false));
  else if (word !== ";") message.fields.push(readField(scan, word, false));
}

function readOneof(scan: ProtoScanner, message: ProtoMessage): void {
  const name = scan.shift();
  const options: ProtoOptions = {};
  scan.expect("{");
  while (!scan.take("}")) {
    const word = scan.shift();
    if (word === "option") readOptionStatement(scan, options);
    else if (word !== ";") message.fields.push({ ...readField(scan, word, false), oneof: name });
  }
  message.oneofs.push({ name, options });
}

function readField(scan: ProtoScanner, type: string, repeated: boolean): ProtoField {
  const name = scan.shift();
  scan.expect("=");
  const number = Number(scan.shift());
  const options: ProtoOptions = {};
  readBracketOptions(scan, options);
  scan.expect(";");
  return { name, type, number, repeated, options };
}

function readEnum(scan: ProtoScanner): ProtoEnum {
  const found: ProtoEnum = { name: scan.shift(), values: [] };
  scan.expect("{");
  while (!scan.take("}")) {
    const name = scan.shift();
    if (name === ";") continue;
    if (name === "option" || name === "reserved") {
      skipStatement(scan);
      continue;
    }
    scan.expect("=");
    const sign = scan.take("-") ? -1 : 1;
    const number = sign * Number(scan.shift());
    const options: ProtoOptions = {};
    readBracketOptions(scan, options);
    scan.expect(";");
    found.values.push({ name, number, options });
  }
  return found;
}

function readBracketOptions(scan: ProtoScanner, options: ProtoOptions): void {
  if (!scan.take("[")) return;
  do readOption(scan, options);
  while (scan.take(","));
  scan.expect("]");
}

function readOptionStatement(scan: ProtoScanner, options: ProtoOptions): void {
  readOption(scan, options);
  scan.expect(";");
}

// `(validate.rules).string.min_len = 1` is the tree { "validate.rules": { string: { min_len: 1 } } }.
function readOption(scan: ProtoScanner, options: ProtoOptions): void {
  const path: string[] = [];
  while (!scan.take("=")) {
    if (scan.take("(") || scan.take(")")) continue;
    const word = scan.shift();
    if (word.startsWith(".") && path.length > 0) path.push(...word.slice(1).split("."));
    else if (word !== ".") path.push(word);
  }
  let place: ProtoOptions = options;
  for (const step of path.slice(0, -1)) place = openTree(place, step);
  const last = path.at(-1) as string;
  const value = readValue(scan);
  const before = place[last];
  place[last] = isTree(before) && isTree(value) ? { ...before, ...value } : value;
}

function readValue(scan: ProtoScanner): RuleValue {
  if (scan.take("{")) return readTree(scan);
  if (scan.take("[")) {
    const list: RuleValue[] = [];
    while (!scan.take("]")) if (!scan.take(",")) list.push(readValue(scan));
    return list;
  }
  if (scan.take("-")) return -readNumber(scan);
  if (scan.kind === "number") return readNumber(scan);
  if (scan.kind === "text") {
    let text = scan.shift();
    while (scan.kind === "text") text += scan.shift();
    return text;
  }
  const word = scan.shift();
  return word === "true" ? true : word === "false" ? false : word;
}

function readNumber(scan: ProtoScanner): number {
  return Number(scan.shift());
}

// Text format: `name: value`, `name {…}`, separators optional; a repeated name makes a list.
function readTree(scan: ProtoScanner): RuleValue {
  const tree: { [name: string]: RuleValue } = {};
  while (!scan.take("}")) {
    if (scan.take(",") || scan.take(";")) continue;
    const name = scan.shift();
    scan.take(":");
    const value = readValue(scan);
    const before = tree[name];
    if (before === undefined) tree[name] = value;
    else tree[name] = Array.isArray(before) ? [...before, value] : [before as RuleValue, value];
  }
  return tree;
}

function openTree(place: ProtoOptions, step: string): ProtoOptions {
  const before = place[step];
  const tree: ProtoOptions = isTree(before) ? before : {};
  place[step] = tree;
  return tree;
}

function isTree(value: RuleValue | undefined): value is { [name: string]: RuleValue } {
  return typeof value === "object" && !Array.isArray(value);
}

function skipStatement(scan: ProtoScanner): void {
  let depth = 0;
  while (scan.kind !== "end") {
    const mark = scan.kind === "mark" ? scan.value : "";
    scan.next();
    if (mark === "{") depth++;
    else if (mark === "}" && --depth === 0) return;
    else if (mark === ";" && depth === 0) return;
  }
}
