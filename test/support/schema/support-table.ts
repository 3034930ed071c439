// Writes what support-probe.ts found as the Markdown that config/SUPPORT.md is, and as the lists that the ratchet keeps.
import type { Support, SupportProbe } from "./support-probe.ts";

/** Every field that is acted on anywhere, by message type: what may only grow. */
export function actedOn(probe: SupportProbe): Record<string, string[]> {
  const lists: Record<string, string[]> = {};
  for (const type of [...probe.fields.keys()].sort()) {
    const names = [...(probe.fields.get(type) ?? [])]
      .filter(([, places]) => [...places.values()].includes("acted"))
      .map(([name]) => name);
    if (names.length > 0) lists[type] = names.sort();
  }
  return lists;
}

/** The page. */
export function supportPage(probe: SupportProbe): string {
  const sections = [...probe.fields.keys()].sort().map((type) => section(probe, type));
  return `${head}\n${summary(probe)}\n${sections.join("\n")}`;
}

function section(probe: SupportProbe, type: string): string {
  const fields = probe.fields.get(type) ?? new Map<string, ReadonlyMap<string, Support>>();
  const rows = columns.flatMap(([support, title]) => {
    const names = [...fields]
      .filter(([, places]) => [...places.values()].includes(support))
      .map(([name, places]) => cell(probe, `${type}.${name}`, name, places, support));
    return names.length === 0 ? [] : [`| ${title} | ${names.join(", ")} |`];
  });
  return `## ${type}\n\n| | Fields |\n|---|---|\n${rows.join("\n")}\n`;
}

// A field that is treated in several ways says in which message it stands, unless it is the better one.
function cell(
  probe: SupportProbe,
  key: string,
  name: string,
  places: ReadonlyMap<string, Support>,
  support: Support,
): string {
  const better = [...places.values()].some((one) => rank(one) < rank(support));
  const here = [...places].filter(([, one]) => one === support).map(([holder]) => shortHolder(holder));
  const where = better ? ` in ${[...new Set(here)].join(" and ")}` : "";
  if (support !== "acted") return `\`${name}\`${where}`;
  const not = [...(probe.values.get(key) ?? [])].filter(([, one]) => one !== "acted").map(([value]) => value);
  const packed = probe.packed.get(key)?.map((type) => type.slice(type.lastIndexOf(".") + 1)) ?? [];
  const but = not.length === 0 ? "" : ` (but ${not.join(", ")})`;
  return `\`${name}\`${where}${but}${packed.length === 0 ? "" : ` (${packed.join(", ")})`}`;
}

function summary(probe: SupportProbe): string {
  const counts = new Map<Support, number>();
  for (const fields of probe.fields.values()) {
    for (const places of fields.values()) {
      const support = columns.find(([one]) => [...places.values()].includes(one))?.[0] ?? "unprobed";
      counts.set(support, (counts.get(support) ?? 0) + 1);
    }
  }
  const words = columns.flatMap(([support, title]) => {
    const count = counts.get(support) ?? 0;
    return count === 0 ? [] : [`${count} ${title}`];
  });
  return `Of the fields below: ${words.join(", ")}.\n`;
}

function shortHolder(holder: string): string {
  const [field = "", type = ""] = holder.split(".").toReversed();
  return `${type}.${field}`;
}

function rank(support: Support): number {
  return columns.findIndex(([one]) => one === support);
}

const columns: readonly (readonly [Support, string])[] = [
  ["acted", "acted on"],
  ["silent", "accepted, changes nothing here"],
  ["warned", "accepted with a warning"],
  ["refused", "refused"],
  ["unprobed", "not tried"],
];

const head = `# What is done with every field of an Envoy file

Made by trying: for each field a small file that holds it is loaded and compiled, and what is said about it decides where the field stands.
\`UPDATE_SUPPORT=1 npx mocha test/architecture/support.test.ts\` writes this page anew. A message that is not listed stands only below fields
that are not acted on. Warnings and refusals name the field with file, line and column. "In" names the field that holds the message when it
is treated otherwise elsewhere; "but" names enum values that are refused.
`;
