// Reads answers of the real Envoy 1.40 that were captured over raw sockets (test/golden/responses).
import { readFileSync } from "node:fs";

/** One captured exchange. */
export interface GoldenCase {
  readonly name: string;
  readonly request: string;
  /** Status line and fields as they came, line ends included, and the empty line. */
  readonly head: string;
  readonly body: string;
}

/** The cases of one file by name. A case without an answer has an empty head. */
export function goldenCases(file: string): ReadonlyMap<string, GoldenCase> {
  const text = readFileSync(new URL(`../golden/responses/${file}`, import.meta.url), "latin1");
  const cases = new Map<string, GoldenCase>();
  for (const section of text.split(/^=== /m).slice(1)) {
    const [name = "", request = "", ...rest] = section.split("\n");
    if (!request.startsWith("> ")) continue;
    const answer = rest.join("\n").replace(/\n<connection [^\n]*>\n*$/, "");
    const bytes = answer.replaceAll("\\r\\n\n", "\r\n").replaceAll("\\r\\n", "\r\n");
    const headEnd = bytes.indexOf("\r\n\r\n") + 4;
    const body = bytes.slice(headEnd);
    cases.set(name, { name, request: unquoted(request.slice(2)), head: bytes.slice(0, headEnd), body });
  }
  return cases;
}

/** What differs from run to run is made equal: dates, durations, random ids. */
export function steady(text: string): string {
  return text
    .replace(/(^|\n)(date): (?!Mon, 01 Jan 2001)[^\r]*/gi, "$1$2: DATE")
    .replace(/(x-envoy-upstream-service-time): \d+/gi, "$1: MS")
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g, "UUID");
}

function unquoted(literal: string): string {
  return literal.slice(1, -1).replaceAll("\\r", "\r").replaceAll("\\n", "\n").replaceAll("\\'", "'");
}
