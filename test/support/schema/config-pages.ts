// Writes what support-probe.ts found as the pages of docs/reference/configuration: by message, each field with its type, what holds
// without it, and what is done with it. Used by test/architecture/support.test.ts.
import { loadDescriptorSet } from "../../../src/config/schema/descriptor-set.ts";
import type { FieldShape } from "../../../src/config/schema/shape.ts";
import type { Support, SupportProbe } from "./support-probe.ts";

/** The pages by file name, README.md among them. */
export function configPages(probe: SupportProbe): ReadonlyMap<string, string> {
  const types = [...probe.fields.keys()].sort();
  const pages = AREAS.map(({ file, title }) => {
    const own = types.filter((type) => areaOf(type).file === file);
    const sections = own.map((type) => section(probe, type, file));
    return [file, `# ${title}\n\n${NOTE}\n\n${sections.join("\n")}`] as const;
  });
  return new Map([["README.md", index(types)], ...pages]);
}

function index(types: readonly string[]): string {
  const rows = AREAS.map(({ file, title }) => {
    const own = types.filter((type) => areaOf(type).file === file);
    return `| [${title}](${file}) | ${own.map((type) => `[${lastOf(type)}](${file}#${anchorOf(type)})`).join(", ")} |`;
  });
  return `# Configuration\n\n${INDEX}\n\n| Page | Messages |\n|---|---|\n${rows.join("\n")}\n`;
}

function section(probe: SupportProbe, type: string, file: string): string {
  const shape = loadDescriptorSet().message(type);
  const rows = (shape?.fields ?? []).flatMap((field) => {
    const places = probe.fields.get(type)?.get(field.name);
    if (places === undefined) return [];
    const key = `${type}.${field.name}`;
    const cells = [
      `\`${field.name}\``,
      typeText(probe, field, file),
      defaultOf(probe, key, field),
      here(probe, key, places),
    ];
    return [`| ${cells.join(" | ")} |`];
  });
  return `## ${type}\n\n| Field | Type | Without it | What is done |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}

// One letter is a name that the probe's own files have.
function defaultOf(probe: SupportProbe, key: string, field: FieldShape): string {
  const found = probe.defaults.get(key) ?? "";
  if (field.type !== "enum") return found.length === 1 && /[a-z]/.test(found) ? "" : found;
  const plain = (word: string): string => word.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const names = Object.keys(loadDescriptorSet().enum(field.typeName ?? "")?.values ?? {});
  return names.find((name) => plain(name) === plain(found)) ?? "";
}

function typeText(probe: SupportProbe, field: FieldShape, file: string): string {
  const name = field.typeName ?? "";
  const one = WELL_KNOWN[name] ?? (field.type === "message" ? linkTo(probe, name, file) : valuesOf(field));
  if (field.mapKey !== undefined) return `map of ${one}`;
  return field.repeated === true ? `list of ${one}` : one;
}

function linkTo(probe: SupportProbe, name: string, file: string): string {
  if (!probe.fields.has(name)) return lastOf(name);
  const area = areaOf(name).file;
  return `[${lastOf(name)}](${area === file ? "" : area}#${anchorOf(name)})`;
}

function valuesOf(field: FieldShape): string {
  if (field.type !== "enum") return field.type;
  return Object.keys(loadDescriptorSet().enum(field.typeName ?? "")?.values ?? {})
    .map((value) => `\`${value}\``)
    .join(" ");
}

/** What is done: the best of all places, then what differs elsewhere, the values that are refused, and why. */
function here(probe: SupportProbe, key: string, places: ReadonlyMap<string, Support>): string {
  const found = ORDER.filter((support) => [...places.values()].includes(support));
  const parts = found.map((support, at) => {
    const holders = [...places].filter(([, one]) => one === support).map(([holder]) => shortHolder(holder));
    return `${WORDS[support]}${at === 0 ? "" : ` in ${[...new Set(holders)].join(", ")}`}`;
  });
  const values = [...(probe.values.get(key) ?? [])]
    .filter(([, one]) => one !== "acted")
    .map(([value]) => `\`${value}\``);
  if (values.length > 0) parts.push(`but not ${values.join(" ")}`);
  const packed = probe.packed.get(key)?.map(lastOf) ?? [];
  if (packed.length > 0) parts.push(`with ${packed.join(", ")}`);
  const notes = [...(probe.notes.get(key) ?? [])].filter((note) => !PLAIN.test(note)).slice(0, NOTES_MAX);
  return [
    parts.join("; "),
    ...notes.map((note) => note.replace("not supported: ", "").replaceAll("|", "\\|").replaceAll(/[<>]/g, "\\$&")),
  ].join(". ");
}

function areaOf(type: string): (typeof AREAS)[number] {
  return AREAS.find(({ holds }) => holds.test(type)) ?? REST;
}

function shortHolder(holder: string): string {
  const [field = "", type = ""] = holder.split(".").toReversed();
  return `${type}.${field}`;
}

function lastOf(type: string): string {
  return type.replace(/^.*\.v\d\w*\./, "").replace("google.protobuf.", "");
}

function anchorOf(type: string): string {
  return type.toLowerCase().replaceAll(".", "");
}

const REST = { file: "core.md", title: "Shared messages", holds: /./ };
const AREAS: readonly { readonly file: string; readonly title: string; readonly holds: RegExp }[] = [
  {
    file: "bootstrap.md",
    title: "Bootstrap, runtime, overload",
    holds: /^envoy\.(config\.(bootstrap|overload)|extensions\.(bootstrap|resource_monitors))\./,
  },
  {
    file: "listeners.md",
    title: "Listeners and network filters",
    holds: /^envoy\.(config\.listener|extensions\.filters\.(listener|network))\./,
  },
  { file: "routes.md", title: "Routes", holds: /^envoy\.(config\.route|extensions\.retry)/ },
  {
    file: "clusters.md",
    title: "Clusters and endpoints",
    holds: /^envoy\.(config\.(cluster|endpoint)|extensions\.(upstreams|load_balancing_policies|clusters|network\.dns))/,
  },
  { file: "http-filters.md", title: "HTTP filters", holds: /^envoy\.extensions\.filters\.(http|common)\./ },
  { file: "tls.md", title: "TLS", holds: /^envoy\.extensions\.transport_sockets\./ },
  {
    file: "logs-and-traces.md",
    title: "Access logs and traces",
    holds: /^envoy\.(config\.(accesslog|trace)|extensions\.access_loggers|type\.tracing)/,
  },
  { file: "starling.md", title: "Starling's own messages", holds: /^starling\./ },
  REST,
];

const WELL_KNOWN: Readonly<Record<string, string | undefined>> = {
  "google.protobuf.Duration": "duration",
  "google.protobuf.BoolValue": "bool",
  "google.protobuf.UInt32Value": "uint32",
  "google.protobuf.UInt64Value": "uint64",
  "google.protobuf.Int64Value": "int64",
  "google.protobuf.DoubleValue": "double",
  "google.protobuf.FloatValue": "float",
  "google.protobuf.StringValue": "string",
  "google.protobuf.Struct": "any JSON object",
  "google.protobuf.Value": "any JSON",
  "google.protobuf.Any": "extension",
};

const ORDER: readonly Support[] = ["acted", "silent", "warned", "refused", "unprobed"];
const WORDS: Readonly<Record<Support, string>> = {
  acted: "acted on",
  silent: "accepted, changes nothing here",
  warned: "**a warning**: not acted on",
  refused: "**refused**",
  unprobed: "not tried",
};
/** Says no more than the word before it. */
const PLAIN = /is accepted and not acted on$|is not acted on yet$/;
const NOTES_MAX = 2;
const NOTE =
  "Made by trying each field; `UPDATE_SUPPORT=1 npx mocha test/architecture/support.test.ts` writes it anew. [What the words mean](README.md).";
const INDEX = `By message of Envoy's v3 API: each field with its type, what holds without it, and what is done with it. Made by trying: a small file with the field is
loaded and compiled, and a test holds these pages against the code. [SUPPORT](../../../config/SUPPORT.md) is the same as lists.

- **acted on**: as in Envoy, or as the README of its room says.
- **accepted, changes nothing here**: there is nothing to do.
- **a warning**: the file is served, and the warning names the field, its line and column.
- **refused**: the file is not served, as answers or checks would be others; the error says what to write instead.

"Without it" is found by comparing what is compiled with and without the field; empty where that is more than one plain value.
Below a field that is not acted on nothing is listed. \`starling validate FILE\` says all of it of your file; \`starling schema\` gives editors the types.`;
