// The one set of Envoy v3 descriptors: built from .proto files when missing, kept as text lines, parsed a type at a time.
// Called by load/ (through loadDescriptorSet) and by the build (buildDescriptorSet). Never fetches anything.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { besideCode } from "../../base/location.ts";
import { laterProtos } from "./later.ts";
import { linkFiles } from "./link.ts";
import { findProtoSource, readProtoFiles } from "./proto-files.ts";
import { parseProto } from "./proto-parser.ts";
import type { EnumShape, FieldShape, MessageShape, TypeShape } from "./shape.ts";

/** Lookup by full name; a type is parsed when first asked for. */
export class DescriptorSet {
  readonly #lines: Map<string, string>;
  readonly #types = new Map<string, TypeShape>();
  readonly #fieldsOf = new WeakMap<MessageShape, ReadonlyMap<string, FieldShape>>();

  constructor(text: string) {
    this.#lines = new Map();
    for (let start = text.indexOf("\n") + 1; start < text.length; ) {
      const end = text.indexOf("\n", start);
      const tab = text.indexOf("\t", start);
      this.#lines.set(text.slice(start, tab), text.slice(tab + 1, end));
      start = end + 1;
    }
  }

  /** The message of this full name, or undefined. */
  message(name: string): MessageShape | undefined {
    const found = this.#type(name);
    return found?.kind === "message" ? found : undefined;
  }

  /** The enum of this full name, or undefined. */
  enum(name: string): EnumShape | undefined {
    const found = this.#type(name);
    return found?.kind === "enum" ? found : undefined;
  }

  /** Whether a type of this full name is described. */
  has(name: string): boolean {
    return this.#lines.has(name);
  }

  /** All full names, for suggestions and tables. */
  names(): Iterable<string> {
    return this.#lines.keys();
  }

  /** A message's fields by proto name and by JSON name. */
  fields(shape: MessageShape): ReadonlyMap<string, FieldShape> {
    const known = this.#fieldsOf.get(shape);
    if (known !== undefined) return known;
    const made = new Map<string, FieldShape>();
    for (const field of shape.fields) {
      made.set(field.jsonName, field);
      made.set(field.name, field);
    }
    this.#fieldsOf.set(shape, made);
    return made;
  }

  #type(name: string): TypeShape | undefined {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    const line = this.#lines.get(name);
    if (line === undefined) return undefined;
    const made = JSON.parse(line) as TypeShape;
    this.#types.set(name, made);
    return made;
  }
}

/**
 * Builds the set from the installed .proto files (about 0.2 s) as text: a header line, then `name TAB json` lines.
 * Throws when the development dependency that carries them is not installed.
 */
export function buildDescriptorSet(): string {
  const source = findProtoSource();
  if (source === null) throw new Error("no descriptor set: @grpc/grpc-js-xds is not installed and dist/ has no copy");
  const shapes = linkFiles([...readProtoFiles(source), ...laterProtos.map(parseProto)]);
  const lines = [headerOf(source.version)];
  for (const [name, shape] of shapes) lines.push(`${name}\t${JSON.stringify(shape)}`);
  return `${lines.join("\n")}\n`;
}

/**
 * The set of this process: dist's copy when there is one, else the cache, else built and cached.
 * A cache that cannot be written is no error: the next start builds again.
 */
export function loadDescriptorSet(): DescriptorSet {
  if (loaded === null) loaded = new DescriptorSet(descriptorText());
  return loaded;
}

/** Where `npm run build` puts its copy, below the output directory. */
export const descriptorFileName = "descriptors.txt";

function descriptorText(): string {
  const packaged = readIfThere(besideCode(descriptorFileName));
  if (packaged?.startsWith(headerOf("").trimEnd())) return packaged;
  const source = findProtoSource();
  if (source === null) return buildDescriptorSet();
  const cached = join(source.directory, "../../../.cache/starling", descriptorFileName);
  const header = `${headerOf(source.version)}\n`;
  const before = readIfThere(cached);
  if (before?.startsWith(header)) return before;
  const built = buildDescriptorSet();
  writeQuietly(cached, built);
  return built;
}

function readIfThere(path: string | URL): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

// Written beside and renamed, so that a process starting at the same moment never reads half a file.
function writeQuietly(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const beside = `${path}.${process.pid}`;
    writeFileSync(beside, text);
    renameSync(beside, path);
  } catch {
    // The directory may be read-only.
  }
}

function headerOf(version: string): string {
  return `starling-descriptors ${formatVersion}.${laterVersion()} ${version}`;
}

// A change of later.ts must not be hidden by a cached set.
function laterVersion(): number {
  let hash = 0;
  for (const proto of laterProtos) {
    for (let at = 0; at < proto.length; at++) hash = (Math.imul(hash, 31) + proto.charCodeAt(at)) | 0;
  }
  return hash >>> 0;
}

const formatVersion = 1;
let loaded: DescriptorSet | null = null;
