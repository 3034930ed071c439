// Load reporting of a node: to whom. Made by compile/load.ts.
import type { GrpcServicePlan } from "./grpc-service.ts";

/** cluster_manager.load_stats_config. */
export type LoadReportPlan = GrpcServicePlan;
