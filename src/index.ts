// What a program that embeds Starling may use: configuration in, a node out, and the contract of filter modules. The only file that exports what others own.

export type { LoadPlanResult } from "./config/compile/load-plan.ts";
export { loadPlan } from "./config/compile/load-plan.ts";
export type { Diagnostic } from "./config/load/checked.ts";
export { formatDiagnostic } from "./config/load/format-diagnostic.ts";
export type { Plan } from "./config/plan/plan.ts";
export type {
  Counter,
  DataAnswer,
  FilterConfig,
  FilterContext,
  FilterFactory,
  FilterStatus,
  HeaderMap,
  HeadersAnswer,
  LocalReplyOptions,
  OpenFilter,
  StreamCallbacks,
  StreamFilter,
  StreamInfo,
} from "./dataplane/filters/module/contract.ts";
export type { NodeParts, RunningNode } from "./supervisor/node.ts";
export { startNode } from "./supervisor/node.ts";
export { StartError } from "./supervisor/start-error.ts";
