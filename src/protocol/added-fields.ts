// Fields that a configuration adds to a head, as Envoy 1.40 adds them. Called by the data plane and by the probers.
import type { HeaderList } from "./header-list.ts";

/** One field to add. */
export interface AddedField {
  /** Lower case. */
  readonly name: string;
  readonly value: string;
  readonly action: "append" | "add_if_absent" | "overwrite" | "overwrite_if_exists";
}

/**
 * Adds fields in two passes: what is there already is asked before anything changes, and what overwrites comes before what is added.
 * `joined`: names of which the head has one line at most; a further value is joined to it by a comma, as RFC 9110 §5.3 has it.
 */
export function addFields(head: HeaderList, fields: readonly AddedField[], joined: ReadonlySet<string>): void {
  const isThere = fields.map(({ name }) => head.findName(name) >= 0);
  for (const [i, { name, value, action }] of fields.entries()) {
    if (action !== "overwrite" && (action !== "overwrite_if_exists" || !isThere[i])) continue;
    if (!joined.has(name)) head.removeName(name); // its line comes last then
    head.set(name, value);
  }
  for (const [i, { name, value, action }] of fields.entries()) {
    if (action !== "append" && (action !== "add_if_absent" || isThere[i])) continue;
    const at = joined.has(name) ? head.findName(name) : -1;
    if (at < 0) head.add(name, value);
    else head.replaceValueAt(at, `${head.valueText(at)},${value}`);
  }
}
