// request_headers_to_add/remove and the response ones, applied at one level (route, virtual host, configuration, weighted cluster).
import type { HeaderAddPlan, HeaderChangesPlan } from "../../config/plan/route.ts";
import { type AddedField, addFields } from "../../protocol/added-fields.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { JOINED_REQUEST_NAMES, JOINED_RESPONSE_NAMES } from "../../protocol/joined-names.ts";
import { type FormatSource, formatText } from "../../telemetry/format.ts";

/** Applies the request changes of one level: removals first, then additions (as Envoy's HeaderParser). */
export function changeRequestHeaders(changes: HeaderChangesPlan, head: HeaderList, source: FormatSource): void {
  for (const name of changes.requestRemove) head.removeName(name);
  addHeaders(changes.requestAdd, head, source, JOINED_REQUEST_NAMES);
}

/** Applies the response changes of one level. */
export function changeResponseHeaders(changes: HeaderChangesPlan, head: HeaderList, source: FormatSource): void {
  for (const name of changes.responseRemove) head.removeName(name);
  addHeaders(changes.responseAdd, head, source, JOINED_RESPONSE_NAMES);
}

/** Whether a level changes anything. */
export function hasChanges(changes: HeaderChangesPlan): boolean {
  return (
    changes.requestAdd.length +
      changes.requestRemove.length +
      changes.responseAdd.length +
      changes.responseRemove.length >
    0
  );
}

/** Adds fields; those without a value only when they are kept empty. */
export function addHeaders(
  additions: readonly HeaderAddPlan[],
  head: HeaderList,
  source: FormatSource,
  joined: ReadonlySet<string>,
): void {
  if (additions.length === 0) return;
  const fields: AddedField[] = [];
  for (const { name, value, action, keepEmpty } of additions) {
    const text = formatText(value, source, "");
    if (text !== "" || keepEmpty) fields.push({ name, value: text, action });
  }
  addFields(head, fields, joined);
}
