// From the file of `starling lrs-server` to its plan: starling.load.v1.LoadReportServer. Called by the command line, again for each
// reload.
import type { CheckedMessage, Diagnostic } from "../load/checked.ts";
import { child, children, flag, millis, texts } from "../load/fields.ts";
import { loadMessageFile } from "../load/load-config.ts";
import { type LoadAskPlan, type LoadNodeRulePlan, LRS_SERVER_DEFAULT, type LrsServerPlan } from "../plan/lrs-server.ts";
import { CompileContext, type CompileOptions } from "./context.ts";
import { compileStringMatcher } from "./match.ts";

/** The plan, or null after an error. */
export interface LrsServerFile {
  readonly plan: LrsServerPlan | null;
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** Loads and compiles; what a file does not say is as without one. Never throws for what it says. */
export function loadLrsServerFile(path: string): LrsServerFile {
  const { message, errors, warnings } = loadMessageFile(path, "starling.load.v1.LoadReportServer");
  if (message === null) return { plan: null, errors, warnings };
  const context = new CompileContext(OPTIONS);
  const ask = child(message, "ask");
  const plan: LrsServerPlan = {
    nodes: children(message, "nodes").map((rule) => compileRule(context, rule)),
    ask: ask === undefined ? LRS_SERVER_DEFAULT.ask : compileAsk(context, ask),
  };
  const found = [...errors, ...context.errors];
  return { plan: found.length > 0 ? null : plan, errors: found, warnings: [...warnings, ...context.warnings] };
}

function compileRule(context: CompileContext, rule: CheckedMessage): LoadNodeRulePlan {
  const id = child(rule, "id");
  const cluster = child(rule, "cluster");
  if (id === undefined && cluster === undefined) {
    context.error(rule, "", "matches every client: name an id or a cluster, or write it as the file's own ask");
  }
  return {
    id: id === undefined ? null : compileStringMatcher(context, id),
    cluster: cluster === undefined ? null : compileStringMatcher(context, cluster),
    ask: compileAsk(context, child(rule, "ask") as CheckedMessage),
  };
}

function compileAsk(context: CompileContext, ask: CheckedMessage): LoadAskPlan {
  const clusters = texts(ask, "clusters");
  const all = flag(ask, "send_all_clusters") ?? false;
  const intervalMs = millis(ask, "load_reporting_interval") ?? LRS_SERVER_DEFAULT.ask.intervalMs;
  if (intervalMs < INTERVAL_MIN_MS) {
    context.error(ask, "load_reporting_interval", `must be ${INTERVAL_MIN_MS / 1_000}s or more`);
  }
  if (all && clusters.length > 0) context.error(ask, "clusters", "send_all_clusters asks for every cluster: name none");
  if (!all && clusters.length === 0) {
    context.warn(ask, "clusters", "names no cluster and send_all_clusters is off: nothing is asked for");
  }
  const byEndpoint = flag(ask, "report_endpoint_granularity") ?? LRS_SERVER_DEFAULT.ask.byEndpoint;
  return { all, clusters, intervalMs, byEndpoint };
}

/** More often costs clients more than the reports are worth. */
const INTERVAL_MIN_MS = 50;
/** No file is read and no name is made by these few fields. */
const OPTIONS: CompileOptions = {
  compat: "starling",
  readFile: () => new Error("not here"),
  checkModule: () => "",
  environment: () => undefined,
  uuid: () => "",
  serviceCluster: "",
  serviceNode: "",
  serviceZone: "",
  overrides: new Map(),
};
