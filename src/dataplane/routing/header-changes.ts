// request_headers_to_add/remove and the response ones, applied at one level (route, virtual host, configuration, weighted cluster).
import type { HeaderAddPlan, HeaderChangesPlan } from "../../config/plan/route.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { type FormatSource, formatText } from "./format.ts";

/** Applies the request changes of one level: removals first, then additions (as Envoy's HeaderParser). */
export function changeRequestHeaders(changes: HeaderChangesPlan, head: HeaderList, source: FormatSource): void {
  for (const name of changes.requestRemove) head.removeName(name);
  addHeaders(changes.requestAdd, head, source);
}

/** Applies the response changes of one level. */
export function changeResponseHeaders(changes: HeaderChangesPlan, head: HeaderList, source: FormatSource): void {
  for (const name of changes.responseRemove) head.removeName(name);
  addHeaders(changes.responseAdd, head, source);
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

function addHeaders(additions: readonly HeaderAddPlan[], head: HeaderList, source: FormatSource): void {
  for (const addition of additions) {
    const value = formatText(addition.value, source, "");
    if (value === "" && !addition.keepEmpty) continue;
    switch (addition.action) {
      case "append":
        head.add(addition.name, value);
        break;
      case "append_if_absent":
        if (head.findName(addition.name) < 0) head.add(addition.name, value);
        break;
      case "overwrite":
        head.set(addition.name, value);
        break;
      case "overwrite_if_exists":
        if (head.findName(addition.name) >= 0) head.set(addition.name, value);
        break;
    }
  }
}
