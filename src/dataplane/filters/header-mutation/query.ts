// Query parameters changed as Envoy changes them: sorted by their keys, new values encoded. What the client wrote stays as it wrote it: Envoy
// decodes that and does not encode it again, so that an encoded ampersand becomes another parameter.
import type { FormatPartPlan } from "../../../config/plan/access-log.ts";
import type { QueryMutationPlan } from "../../../config/plan/filters/header-mutation.ts";

/** A path with its query changed. */
export function changedPath(
  path: string,
  mutations: readonly QueryMutationPlan[],
  text: (parts: readonly FormatPartPlan[]) => string,
): string {
  const at = path.indexOf("?");
  const parameters = parsed(at < 0 ? "" : path.slice(at + 1));
  for (const mutation of mutations) {
    if (mutation.kind === "remove") parameters.delete(mutation.key);
    else change(parameters, mutation, () => `${encoded(mutation.key)}=${encoded(text(mutation.value))}`);
  }
  const bare = at < 0 ? path : path.slice(0, at);
  return parameters.size === 0 ? bare : `${bare}?${written(parameters)}`;
}

/** What is written for each key, by the key decoded. */
type Parameters = Map<string, string[]>;

function change(
  parameters: Parameters,
  { key, action }: Extract<QueryMutationPlan, { kind: "add" }>,
  text: () => string,
): void {
  const there = parameters.get(key);
  switch (action) {
    case "append":
      parameters.set(key, [...(there ?? []), text()]);
      return;
    case "add_if_absent":
      if (there === undefined) parameters.set(key, [text()]);
      return;
    case "overwrite":
      parameters.set(key, [text()]);
      return;
    case "overwrite_if_exists":
      if (there !== undefined) parameters.set(key, [text()]);
      return;
  }
}

function parsed(query: string): Parameters {
  const parameters: Parameters = new Map();
  for (const pair of query === "" ? [] : query.split("&")) {
    const at = pair.indexOf("=");
    const key = decoded(at < 0 ? pair : pair.slice(0, at));
    parameters.set(key, [...(parameters.get(key) ?? []), at < 0 ? `${pair}=` : pair]);
  }
  return parameters;
}

function written(parameters: Parameters): string {
  return [...parameters]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, pairs]) => pairs)
    .join("&");
}

/** Texts are one character a byte here. */
function decoded(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function encoded(text: string): string {
  return text.replaceAll(
    /[^A-Za-z0-9\-_.~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}
