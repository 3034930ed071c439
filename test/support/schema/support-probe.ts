// Finds out by trying what is done with every field that a bootstrap can hold: a file with the field is loaded and compiled,
// and what is said about it decides. Used by the support table's test. Reads the types inside an Any from compile's sources.
import { compilePlan } from "../../../src/config/compile/compile-plan.ts";
import type { CompileOptions } from "../../../src/config/compile/context.ts";
import type { JsonValue } from "../../../src/config/load/checked.ts";
import { recordAskedFields } from "../../../src/config/load/fields.ts";
import { loadJsonValue } from "../../../src/config/load/load-wire.ts";
import { loadDescriptorSet } from "../../../src/config/schema/descriptor-set.ts";
import type { FieldShape } from "../../../src/config/schema/shape.ts";
import { sourceFiles, sourceText } from "../source-files.ts";
import { type DefaultText, defaultBetween } from "./plan-default.ts";
import { bootstrapType, ending, fieldSamples, lastOf, pack, templates, variants } from "./probe-places.ts";
import { type JsonObject, sampleField, sampleMessage, sampleValues } from "./sample-value.ts";

/**
 * What is done with a field. `silent`: accepted without a word because it changes nothing here (compile acknowledges it);
 * `unprobed`: no valid file with it could be made.
 */
export type Support = "acted" | "silent" | "warned" | "refused" | "unprobed";

/** What trying found: per message type and field the outcomes by place, and enum values that are refused or warned about. */
export interface SupportProbe {
  /** `type` → `field` → place (`Type.field` that holds the message) → outcome. */
  readonly fields: ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<string, Support>>>;
  /** `type.field` → value name → outcome, for enum fields that are acted on. */
  readonly values: ReadonlyMap<string, ReadonlyMap<string, Support>>;
  /** `type.field` → the types that an Any is accepted with. */
  readonly packed: ReadonlyMap<string, readonly string[]>;
  /** `type.field` → what is said of it: the reason of a refusal with what to write instead, or of a warning. */
  readonly notes: ReadonlyMap<string, ReadonlySet<string>>;
  /** `type.field` → what holds without it, where that is one plain value. */
  readonly defaults: ReadonlyMap<string, DefaultText>;
}

/** Tries all. About 2,000 small files, a millisecond each. */
export function probeSupport(): SupportProbe {
  const probe = new Probe();
  probe.run();
  return probe;
}

// Where a message stands: its type, and how to make the whole bootstrap from it.
interface Place {
  readonly type: string;
  /** The field that holds it, `Type.field`. */
  readonly holder: string;
  readonly path: string;
  readonly around: (message: JsonObject) => JsonObject;
}

class Probe implements SupportProbe {
  readonly fields: Map<string, Map<string, Map<string, Support>>> = new Map();
  readonly values: Map<string, Map<string, Support>> = new Map();
  readonly packed: Map<string, readonly string[]> = new Map();
  readonly notes: Map<string, Set<string>> = new Map();
  readonly defaults: Map<string, DefaultText> = new Map();
  readonly #seen = new Set<string>();
  readonly #queue: Place[] = [{ type: bootstrapType, holder: "", path: "", around: (message) => message }];
  readonly #anyTypes = packedTypes();

  run(): void {
    for (const place of this.#queue) {
      for (const field of loadDescriptorSet().message(place.type)?.fields ?? []) this.#field(place, field);
    }
  }

  #field(place: Place, field: FieldShape): void {
    const base = sampleMessage(place.type, templates) as JsonObject;
    const bases = [base, ...(variants[place.type] ?? []).map((over) => ({ ...base, ...over }))];
    for (const one of bases) if (!(diagnose(place.around(one)) ?? []).some(refuses)) this.#fieldOf(place, field, one);
  }

  #fieldOf(place: Place, field: FieldShape, base: JsonObject): void {
    const isAny = field.typeName === "google.protobuf.Any";
    const types = isAny ? this.#anyTypes : [field.typeName ?? ""];
    const given = fieldSamples[`${place.type}.${field.name}`];
    const tried = given === undefined ? sampleValues(field, templates) : [given];
    const values = isAny ? types.map((type) => wrapAny(field, type)) : tried;
    // What Envoy itself has closed is an error by name in every file.
    const isClosed = field.disallowed === true;
    const outcomes = values.map((value) => (isClosed ? "refused" : this.#try(place, field, base, value)));
    const places = this.#outcomesOf(place.type, field.name);
    const outcome = best([...outcomes, places.get(place.holder) ?? "unprobed"]);
    places.set(place.holder, outcome);
    if (outcome !== "acted") return;
    if (field.type === "enum") this.#noteValues(place, field, values, outcomes);
    if (field.type !== "message") return;
    for (const [at, type] of types.entries()) if (outcomes[at] === "acted") this.#enter(place, field, base, type);
  }

  // What stands below a field that is acted on is tried next, once for every field that can hold it.
  #enter(place: Place, field: FieldShape, base: JsonObject, type: string): void {
    const holder = `${place.type}.${field.name}`;
    if (this.#seen.has(`${holder} ${type}`) || type.startsWith("google.protobuf.")) return;
    this.#seen.add(`${holder} ${type}`);
    const packed = field.typeName === "google.protobuf.Any";
    const key = packed ? type : keyOf(field);
    const index = field.mapKey !== undefined ? `["${key}"]` : field.repeated === true ? "[0]" : "";
    const path = `${place.path === "" ? "" : `${place.path}.`}${field.name}${index}`;
    const around = (message: JsonObject): JsonObject => {
      const one = packed ? pack(type, message) : message;
      const last = lastOf[holder];
      const value = last === undefined || ending.has(typeIn(one)) ? wrap(field, key, one) : [one, last];
      return place.around(withField(place.type, base, field, value));
    };
    if (packed) this.packed.set(holder, [...(this.packed.get(holder) ?? []), type]);
    this.#queue.push({ type, holder, path, around });
  }

  #try(place: Place, field: FieldShape, base: JsonObject, value: JsonValue): Support {
    const path = place.path === "" ? field.name : `${place.path}.${field.name}`;
    const before = tried(place.around(base));
    const stop = recordAskedFields();
    const after = tried(place.around(withField(place.type, base, field, value)));
    const asked = stop().get(place.type)?.has(field.name) === true;
    if (after === null) return "unprobed";
    const { said } = after;
    const old = before?.said ?? [];
    const fresh = said.filter((one) => !old.some(({ path, message }) => path === one.path && message === one.message));
    for (const { message } of fresh.filter((one) => refuses(one) || ignores(one, path)))
      this.#note(place, field, message);
    if (fresh.some(refuses)) return "refused";
    // A message of the wrong type is complained about where it is held; what is wrong inside it is another matter.
    const isAny = field.typeName === "google.protobuf.Any";
    if (isAny && fresh.some((one) => one.path === place.path || one.path === path)) return "refused";
    if (said.some((one) => ignores(one, path))) return "warned";
    if (asked && !(field.name in base)) this.#noteDefault(place, field, before?.plan, after.plan);
    return asked ? "acted" : "silent";
  }

  #note(place: Place, field: FieldShape, message: string): void {
    const key = `${place.type}.${field.name}`;
    this.notes.set(key, (this.notes.get(key) ?? new Set()).add(message));
  }

  // The first place that tells is taken: the same message means the same everywhere but for its holder's own defaults.
  #noteDefault(place: Place, field: FieldShape, without: unknown, withField: unknown): void {
    const key = `${place.type}.${field.name}`;
    const isList = field.repeated === true || field.mapKey !== undefined;
    const isMessage = field.type === "message" && !(field.typeName ?? "").startsWith("google.protobuf.");
    if (isList || isMessage || this.defaults.has(key) || !without || !withField) return;
    const found = defaultBetween(without, withField);
    if (found !== null) this.defaults.set(key, found);
  }

  #noteValues(place: Place, field: FieldShape, values: readonly JsonValue[], outcomes: readonly Support[]): void {
    const key = `${place.type}.${field.name}`;
    for (const [at, value] of values.entries()) {
      const outcome = outcomes[at] ?? "unprobed";
      const noted = this.values.get(key) ?? new Map<string, Support>();
      noted.set(String(value), best([outcome, noted.get(String(value)) ?? "unprobed"]));
      this.values.set(key, noted);
    }
  }

  #outcomesOf(type: string, field: string): Map<string, Support> {
    const fields = this.fields.get(type) ?? new Map<string, Map<string, Support>>();
    this.fields.set(type, fields);
    const places = fields.get(field) ?? new Map<string, Support>();
    fields.set(field, places);
    return places;
  }
}

interface Said {
  readonly path: string;
  readonly message: string;
}

// Null: the file does not even load, so that nothing is learnt.
function tried(bootstrap: JsonObject): { readonly said: readonly Said[]; readonly plan: unknown } | null {
  const { message } = loadJsonValue(bootstrap, bootstrapType, "probe");
  if (message === null) return null;
  const { plan, errors, warnings } = compilePlan(message, options);
  return { said: [...errors, ...warnings], plan };
}

function diagnose(bootstrap: JsonObject): readonly Said[] | null {
  return tried(bootstrap)?.said ?? null;
}

function refuses(one: Said): boolean {
  return one.message.startsWith("not supported: ");
}

function ignores(one: Said, path: string): boolean {
  return one.path === path && one.message.includes("not acted on");
}

function best(outcomes: readonly Support[]): Support {
  return order.find((one) => outcomes.includes(one)) ?? "unprobed";
}

// The message with the field set, and the other members of its oneof gone.
function withField(type: string, base: JsonObject, field: FieldShape, value: JsonValue): JsonObject {
  const made: JsonObject = { ...base, [field.name]: value };
  if (field.oneof === undefined) return made;
  for (const other of loadDescriptorSet().message(type)?.fields ?? []) {
    if (other.oneof === field.oneof && other.name !== field.name) delete made[other.name];
  }
  return made;
}

function wrapAny(field: FieldShape, type: string): JsonValue {
  return wrap(field, type, pack(type, sampleMessage(type, templates) as JsonObject));
}

function wrap(field: FieldShape, key: string, value: JsonValue): JsonValue {
  if (field.mapKey !== undefined) return { [key]: value };
  return field.repeated === true ? [value] : value;
}

// The type of the extension that a message holds.
function typeIn(message: JsonObject): JsonValue | undefined {
  return (message["typed_config"] as JsonObject | undefined)?.["@type"];
}

function keyOf(field: FieldShape): string {
  if (field.mapKey === undefined) return "";
  return Object.keys(sampleField(field, templates) as JsonObject)[0] ?? "k";
}

// Every extension type that compile names in its code: what it may accept inside an Any.
function packedTypes(): readonly string[] {
  const found = new Set<string>();
  for (const file of sourceFiles("src/config/compile")) {
    for (const [, type = ""] of sourceText(file).matchAll(/"((?:envoy|starling)\.[a-z0-9_.]+\.[A-Z]\w+)"/g)) {
      if (loadDescriptorSet().message(type) !== undefined) found.add(type);
    }
  }
  return [...found].sort();
}

const order: readonly Support[] = ["acted", "silent", "warned", "refused", "unprobed"];
const options: CompileOptions = {
  compat: "starling",
  readFile: (path) => (path.endsWith("/filter.ts") ? Buffer.from(";") : new Error("the probe has no files")),
  checkModule: () => "",
  environment: () => undefined,
  uuid: () => "00000000-0000-4000-8000-000000000000",
  serviceCluster: "",
  serviceNode: "",
  serviceZone: "",
  overrides: new Map(),
};
