// Request heads for tests, from readable text.
import { HeaderList } from "../../src/protocol/header-list.ts";

/** A request head: `head("GET http://a/x?y=1", { "x-id": "1" })`; a value that is an array becomes several fields. */
export function requestHead(
  line: string,
  fields: Readonly<Record<string, string | readonly string[]>> = {},
): HeaderList {
  const [, method, scheme, authority, path] = /^(\S+) (\w+):\/\/([^/]*)(.*)$/.exec(line) ?? [];
  const list = new HeaderList();
  list.add(":method", method ?? "");
  list.add(":scheme", scheme ?? "");
  list.add(":authority", authority ?? "");
  list.add(":path", path ?? "");
  for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) list.add(name, one);
  return list;
}
