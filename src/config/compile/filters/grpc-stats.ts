// envoy.extensions.filters.http.grpc_stats.v3.FilterConfig to GrpcStatsPlan. Called through filter-types.ts.
import type { CheckedMessage } from "../../load/checked.ts";
import { child, children, flag, oneOf, text, texts } from "../../load/fields.ts";
import type { GrpcStatsPlan } from "../../plan/filters/grpc-stats.ts";
import type { CompileContext } from "../context.ts";

/** Compiles FilterConfig. */
export function compileGrpcStats(context: CompileContext, config: CheckedMessage): GrpcStatsPlan {
  if (flag(config, "emit_filter_state") === true) {
    context.refuse(
      config,
      "emit_filter_state",
      "message counts as filter state (emit_filter_state)",
      "read them from the filter's counters",
    );
  }
  return {
    kind: "grpc_stats",
    methods: methodsOf(config),
    upstreamStats: flag(config, "enable_upstream_stats") ?? false,
    replaceDots: flag(config, "replace_dots_in_grpc_service_name") ?? false,
  };
}

function methodsOf(config: CheckedMessage): GrpcStatsPlan["methods"] {
  switch (oneOf(config, ["individual_method_stats_allowlist", "stats_for_all_methods"])) {
    case "stats_for_all_methods":
      return flag(config, "stats_for_all_methods") === true ? "all" : [];
    case "individual_method_stats_allowlist":
      return allowed(child(config, "individual_method_stats_allowlist") as CheckedMessage);
    case undefined:
      return [];
  }
}

function allowed(list: CheckedMessage): string[] {
  return children(list, "services").flatMap((service) =>
    texts(service, "method_names").map((method) => `${text(service, "name") ?? ""}/${method}`),
  );
}
