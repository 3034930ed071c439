// envoy.extensions.filters.http.grpc_http1_bridge.v3.Config to GrpcHttp1BridgePlan. Called through filter-types.ts.
import type { CheckedMessage } from "../../load/checked.ts";
import { flag } from "../../load/fields.ts";
import type { GrpcHttp1BridgePlan } from "../../plan/filters/grpc-http1-bridge.ts";
import type { CompileContext } from "../context.ts";

/** Compiles Config. */
export function compileGrpcHttp1Bridge(_: CompileContext, config: CheckedMessage): GrpcHttp1BridgePlan {
  return {
    kind: "grpc_http1_bridge",
    upgradeProtobuf: flag(config, "upgrade_protobuf_to_grpc") ?? false,
    ignoreQuery: flag(config, "ignore_query_parameters") ?? false,
  };
}
