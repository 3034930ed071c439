// Reads YAML (and JSON, which is read as YAML's flow style) into the written tree, with anchors, aliases and merge keys.
// Called by load-config.ts. Never gives a scalar a meaning: that needs the field's type, as Envoy's own reader does it.
import { Composer, type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, Parser } from "yaml";
import type { Position } from "./checked.ts";
import type { Complaints } from "./complaints.ts";
import type { Written, WrittenEntry, WrittenMap } from "./written.ts";

/** The file's first document as a tree, or null when it cannot be read; complaints say why. */
export function readYaml(text: string, complaints: Complaints, format: "yaml" | "json" = "yaml"): Written | null {
  if (text.length > textLengthMax) {
    complaints.error(complaints.start, "", `the file is larger than ${textLengthMax} characters`);
    return null;
  }
  if (text.includes("\0")) {
    complaints.error(complaints.start, "", "not a text file: it holds a zero byte");
    return null;
  }
  const lines = new LineCounter();
  try {
    return new Reader(complaints, lines, format).read(text);
  } catch (fault) {
    const why = fault instanceof RangeError ? `nested more than ${depthMax} levels deep` : String(fault);
    complaints.error(complaints.start, "", `not readable as YAML: ${why}`);
    return null;
  }
}

class Reader {
  readonly #complaints: Complaints;
  readonly #lines: LineCounter;
  readonly #format: "yaml" | "json";
  readonly #anchors = new Map<string, Anchor>();
  #aliasBudget = aliasNodesMax;
  #nodes = 0;

  constructor(complaints: Complaints, lines: LineCounter, format: "yaml" | "json") {
    this.#format = format;
    this.#complaints = complaints;
    this.#lines = lines;
  }

  read(text: string): Written | null {
    const composer = new Composer({ schema: "failsafe", uniqueKeys: false, keepSourceTokens: false, strict: false });
    const documents = [...composer.compose(new Parser(this.#lines.addNewLine).parse(text), true, text.length)];
    const [first, second] = documents;
    if (first === undefined) return null;
    for (const fault of first.errors) this.#complaints.error(this.#at(fault.pos[0]), "", firstLine(fault.message));
    if (first.errors.length > 0) return null;
    if (second !== undefined) {
      const at = this.#at(second.range[0]);
      this.#complaints.warn(at, "", "only the first YAML document of a file is read, as Envoy does");
    }
    return this.#node((first as Document.Parsed).contents, 0, this.#at(0));
  }

  #node(node: Node | null, depth: number, fallback: Position): Written {
    if (depth > depthMax) throw new RangeError("too deep");
    if (node === null || node === undefined) return { kind: "null", position: fallback };
    if (isAlias(node)) return this.#alias(node.source, this.#positionOf(node, fallback));
    const before = this.#nodes++;
    const made = this.#value(node, depth, this.#positionOf(node, fallback));
    const anchor = (node as { anchor?: string }).anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, { written: made, nodes: this.#nodes - before });
    return made;
  }

  #value(node: Node, depth: number, position: Position): Written {
    if (isMap(node)) return this.#map(node as unknown as MapNode, depth, position);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#node(item as Node | null, depth + 1, position));
      return { kind: "list", items, position };
    }
    if (!isScalar(node)) return { kind: "null", position };
    const plain = node.type === "PLAIN" || node.type === undefined;
    const text = typeof node.value === "string" ? node.value : (node.source ?? "");
    if (plain && this.#format === "json" && !jsonWord.test(text)) {
      this.#complaints.error(position, "", `${text === "" ? "nothing" : text} is not JSON`);
    }
    return plain && nulls.has(text) ? { kind: "null", position } : { kind: "scalar", text, plain, position };
  }

  // Each use of an alias costs what it stands for, so that a few lines cannot stand for billions of nodes.
  #alias(name: string, position: Position): Written {
    const anchor = this.#anchors.get(name);
    if (anchor === undefined) {
      this.#complaints.error(position, "", `the alias *${name} has no anchor before it`);
      return { kind: "null", position };
    }
    this.#aliasBudget -= anchor.nodes;
    this.#nodes += anchor.nodes;
    if (this.#aliasBudget >= 0) return anchor.written;
    if (this.#aliasBudget + anchor.nodes >= 0) {
      this.#complaints.error(position, "", `aliases stand for more than ${aliasNodesMax} nodes in all`);
    }
    return { kind: "null", position };
  }

  #map(node: MapNode, depth: number, position: Position): WrittenMap {
    const entries: WrittenEntry[] = [];
    for (const pair of node.items) {
      if ((pair.key as { tag?: string } | null)?.tag === "!ignore") {
        this.#node(pair.value, depth + 1, position);
        continue;
      }
      const key = this.#key(pair.key, depth + 1, position);
      const value = this.#node(pair.value, depth + 1, key.position);
      if (key.kind === "scalar" && key.plain && key.text === "<<") this.#merge(value, key.position, entries);
      else if (key.kind === "scalar" || key.kind === "null") {
        const text = key.kind === "scalar" ? key.text : "null";
        entries.push({ key: text, position: key.position, value, merged: false });
      } else this.#complaints.error(key.position, "", "a key must be a scalar");
    }
    return { kind: "map", entries, position };
  }

  // JSON files may leave a key's quotes off: Envoy's own parser lets them.
  #key(node: Node | null, depth: number, position: Position): Written {
    if (this.#format === "yaml" || !isScalar(node)) return this.#node(node, depth, position);
    return { kind: "scalar", text: String(node.value), plain: false, position: this.#positionOf(node, position) };
  }

  #merge(value: Written, position: Position, entries: WrittenEntry[]): void {
    this.#complaints.deviation(position, "", "Envoy does not know merge keys (<<) and refuses this file");
    for (const source of value.kind === "list" ? value.items : [value]) {
      if (source.kind !== "map") {
        this.#complaints.error(position, "", "<< wants a mapping or a list of mappings");
        continue;
      }
      for (const entry of source.entries) {
        if (!entries.some((one) => one.merged && one.key === entry.key)) entries.push({ ...entry, merged: true });
      }
    }
  }

  #positionOf(node: Node, fallback: Position): Position {
    return node.range === null || node.range === undefined ? fallback : this.#at(node.range[0]);
  }

  #at(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#complaints.start.file, line: Math.max(1, line), column: Math.max(1, col) };
  }
}

interface Anchor {
  readonly written: Written;
  readonly nodes: number;
}

interface MapNode {
  readonly items: readonly { readonly key: Node | null; readonly value: Node | null }[];
}

function firstLine(message: string): string {
  const end = message.search(/ at line \d+|\n/);
  return end < 0 ? message : message.slice(0, end).replace(/:$/, "");
}

/** As many characters a file may have. */
const textLengthMax: number = 64 * 1024 * 1024;

/** As many nodes all aliases of a file may stand for. */
const aliasNodesMax = 100_000;

/** As deep a file may nest. Messages themselves have protobuf's limit of 100. */
const depthMax = 200;

const jsonWord = /^(?:null|true|false|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;
const nulls: ReadonlySet<string> = new Set(["", "~", "null", "Null", "NULL"]);
