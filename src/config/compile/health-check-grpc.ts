// HealthCheck.GrpcHealthCheck to GrpcCheckPlan. Called by health-check.ts.

import { wireText } from "../../base/wire-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { text } from "../load/fields.ts";
import type { GrpcCheckPlan } from "../plan/health-check.ts";
import type { CompileContext } from "./context.ts";
import { compileCheckHeaders } from "./health-check-headers.ts";

/** Compiles a gRPC check. */
export function compileGrpcCheck(context: CompileContext, grpc: CheckedMessage): GrpcCheckPlan {
  return {
    kind: "grpc",
    serviceName: text(grpc, "service_name") ?? "",
    authority: wireText(text(grpc, "authority") ?? ""),
    metadata: compileCheckHeaders(context, grpc, "initial_metadata", "http2"),
  };
}
