// request_mirror_policies of a route, virtual host or route configuration: the most specific level that has any counts. Called for each.

import { wireText } from "../../base/wire-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, flag, oneOf, text } from "../load/fields.ts";
import type { MirrorPlan } from "../plan/mirror.ts";
import type { HeaderChangesPlan } from "../plan/route.ts";
import type { CompileContext } from "./context.ts";
import { compileHeaderAdd } from "./header-changes.ts";
import { compileFraction } from "./match.ts";

/** Compiles a level's policies. `above`: of the next less specific level. */
export function compileMirrors(
  context: CompileContext,
  level: CheckedMessage,
  scope: { readonly validateClusters: boolean },
  above: readonly MirrorPlan[],
): readonly MirrorPlan[] {
  const policies = children(level, "request_mirror_policies");
  return policies.length === 0 ? above : policies.map((policy) => compileMirror(context, policy, scope));
}

function compileMirror(
  context: CompileContext,
  policy: CheckedMessage,
  { validateClusters }: { readonly validateClusters: boolean },
): MirrorPlan {
  const cluster = text(policy, "cluster") ?? "";
  const clusterHeader = text(policy, "cluster_header") ?? "";
  if (cluster === "" && clusterHeader === "") {
    context.error(policy, "", "Exactly one of cluster or cluster_header in request mirror policy need to be specified");
  } else if (cluster !== "" && clusterHeader !== "") {
    const says = `Only one of cluster '${cluster}' or cluster_header '${clusterHeader}' in request mirror policy can be specified`;
    context.error(policy, "cluster_header", says);
  } else if (cluster !== "" && validateClusters && !context.clusterNames.has(cluster)) {
    context.error(policy, "cluster", `route: unknown shadow cluster '${cluster}'`);
  }
  if (flag(policy, "trace_sampled") !== undefined) {
    context.warn(policy, "trace_sampled", "trace_sampled is not acted on: requests are not traced");
  }
  const fraction = child(policy, "runtime_fraction");
  return {
    cluster,
    clusterHeader: wireText(clusterHeader.toLowerCase()),
    fraction: fraction === undefined ? null : compileFraction(fraction),
    hostSuffix: flag(policy, "disable_shadow_host_suffix_append") !== true,
    host: wireText(text(policy, "host_rewrite_literal") ?? ""),
    mutations: children(policy, "request_headers_mutations").flatMap((one) => mutation(context, one)),
  };
}

function mutation(context: CompileContext, one: CheckedMessage): HeaderChangesPlan[] {
  switch (oneOf(one, ["remove", "append", "remove_on_match"])) {
    case "remove":
      return [{ ...UNCHANGED, requestRemove: [wireText((text(one, "remove") ?? "").toLowerCase())] }];
    case "append":
      return [{ ...UNCHANGED, requestAdd: compileHeaderAdd(context, child(one, "append") as CheckedMessage) }];
    case "remove_on_match":
      context.refuse(one, "remove_on_match", "remove_on_match of a mirrored request", "name the headers in remove");
      return [];
    case undefined:
      return [];
  }
}

const UNCHANGED: HeaderChangesPlan = { requestAdd: [], requestRemove: [], responseAdd: [], responseRemove: [] };
