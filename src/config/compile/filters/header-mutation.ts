// envoy.extensions.filters.http.header_mutation.v3 to HeaderMutationPlan. Called through filter-types.ts.

import { wireText } from "../../../base/wire-text.ts";
import type { CheckedMessage } from "../../load/checked.ts";
import { child, children, flag, json, oneOf, text } from "../../load/fields.ts";
import type {
  FieldMutationPlan,
  HeaderMutationOverridePlan,
  HeaderMutationPlan,
  MutationsPlan,
  QueryMutationPlan,
} from "../../plan/filters/header-mutation.ts";
import type { CompileContext } from "../context.ts";
import { compileFormat } from "../format.ts";
import { actionNamed, compileHeaderAdd } from "../header-changes.ts";
import { compileStringMatcher } from "../match.ts";

/** Compiles HeaderMutation. */
export function compileHeaderMutation(context: CompileContext, config: CheckedMessage): HeaderMutationPlan {
  const mostSpecificWins = flag(config, "most_specific_header_mutations_wins") ?? false;
  return { ...compileHeaderMutationOverride(context, config), mostSpecificWins };
}

/** Compiles HeaderMutationPerRoute. */
export function compileHeaderMutationOverride(
  context: CompileContext,
  config: CheckedMessage,
): HeaderMutationOverridePlan {
  const mutations = child(config, "mutations");
  return {
    kind: "header_mutation",
    mutations: mutations === undefined ? NO_MUTATIONS : compileMutations(context, mutations),
  };
}

function compileMutations(context: CompileContext, mutations: CheckedMessage): MutationsPlan {
  if (children(mutations, "formatters").length > 0) {
    context.refuse(mutations, "formatters", "formatters of extensions", "use the operators that there are");
  }
  const fields = (name: string): FieldMutationPlan[] =>
    children(mutations, name).flatMap((one) => compileField(context, one));
  return {
    request: fields("request_mutations"),
    query: children(mutations, "query_parameter_mutations").flatMap((one) => compileQuery(context, one)),
    requestTrailers: fields("request_trailers_mutations"),
    response: fields("response_mutations"),
    responseTrailers: fields("response_trailers_mutations"),
  };
}

function compileField(context: CompileContext, mutation: CheckedMessage): FieldMutationPlan[] {
  const kind = oneOf(mutation, ["append", "remove", "remove_on_match"]);
  switch (kind) {
    case "append": {
      const added = compileHeaderAdd(context, child(mutation, kind) as CheckedMessage);
      return added.map((field) => ({ kind: "add", field }));
    }
    case "remove":
      return [{ kind, name: wireText((text(mutation, kind) ?? "").toLowerCase()) }];
    case "remove_on_match": {
      const matcher = child(child(mutation, kind) as CheckedMessage, "key_matcher");
      return matcher === undefined ? [] : [{ kind: "remove_matching", name: compileStringMatcher(context, matcher) }];
    }
    case undefined:
      return [];
  }
}

function compileQuery(context: CompileContext, mutation: CheckedMessage): QueryMutationPlan[] {
  const append = child(mutation, "append");
  const removed = text(mutation, "remove") ?? "";
  if ((append === undefined) === (removed === "")) {
    const says = append === undefined ? "One of 'append'/'remove' must be specified." : ONLY_ONE;
    context.error(mutation, "", says);
    return [];
  }
  if (append === undefined) return [{ kind: "remove", key: wireText(removed) }];
  const record = child(append, "record");
  if (record === undefined) {
    context.error(append, "", "No record specified for append mutation.");
    return [];
  }
  const value = json(record, "value");
  if (typeof value !== "string") {
    context.error(record, "value", "Only string value is allowed for record value.");
    return [];
  }
  const parts = compileFormat(context, record, "value", value);
  return [
    {
      kind: "add",
      key: wireText(text(record, "key") ?? ""),
      value: parts.map((part) => (part.kind === "literal" ? { ...part, text: wireText(part.text) } : part)),
      action: actionNamed(text(append, "action")),
    },
  ];
}

const NO_MUTATIONS: MutationsPlan = {
  request: [],
  query: [],
  requestTrailers: [],
  response: [],
  responseTrailers: [],
};

const ONLY_ONE = "Only one of 'append'/'remove can be specified.";
