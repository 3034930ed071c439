// `--config-yaml` over a file, as protobuf merges messages: fields by name, lists appended, scalars replaced. On written trees, so that
// required fields are checked only after merging and every diagnostic still points where its text stood.
import type { Written, WrittenEntry, WrittenMap } from "./written.ts";

/** `over` merged into `base`; neither is changed. */
export function mergeWritten(base: Written, over: Written): Written {
  if (over.kind === "null") return base;
  if (base.kind === "map" && over.kind === "map") return isAny(over) || isAny(base) ? over : mergeMaps(base, over);
  if (base.kind === "list" && over.kind === "list") return { ...base, items: [...base.items, ...over.items] };
  return over;
}

function mergeMaps(base: WrittenMap, over: WrittenMap): WrittenMap {
  const rest = [...over.entries];
  const entries: WrittenEntry[] = base.entries.map((entry) => {
    const at = rest.findIndex(({ key }) => sameField(key, entry.key));
    if (at < 0) return entry;
    const [replacing] = rest.splice(at, 1) as [WrittenEntry];
    const value = mergeWritten(entry.value, replacing.value);
    return value === entry.value ? entry : { ...replacing, value };
  });
  return { ...base, entries: [...entries, ...rest] };
}

/** An Any is one value to protobuf: the later one replaces the earlier whole. */
function isAny(map: WrittenMap): boolean {
  return map.entries.some(({ key }) => key === "@type");
}

/** `connect_timeout` and `connectTimeout` are one field. */
function sameField(a: string, b: string): boolean {
  return a === b || a.replaceAll("_", "").toLowerCase() === b.replaceAll("_", "").toLowerCase();
}
