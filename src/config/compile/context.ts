// What every file of compile/ shares: options, what was found wrong, and the names of clusters. Made by compile-plan.ts for one
// configuration. Never reads a field itself.
import type { CheckedMessage, Diagnostic } from "../load/checked.ts";
import { acknowledge, fieldDiagnostic, messageDiagnostic } from "../load/fields.ts";
import type { RateBucketsPlan } from "../plan/filters/local-ratelimit.ts";
import type { ModuleFilterPlan } from "../plan/filters/module.ts";
import type { Overrides } from "../plan/override.ts";
import { type Defaults, defaultsOf } from "./defaults.ts";

/** What compiling needs besides the message. */
export interface CompileOptions {
  /** Whose defaults hold where the file is silent. */
  readonly compat: "starling" | "envoy";
  /** Reads a whole file named by the configuration; an Error says in plain words why it cannot. */
  readFile(path: string): Uint8Array | Error;
  /** Opens a filter module for a try; what is wrong with it, empty: nothing. */
  checkModule(plan: ModuleFilterPlan): string;
  /** An environment variable, undefined when it is not set. */
  environment(name: string): string | undefined;
  /** A random UUID: the name of a listener without one. */
  uuid(): string;
  /** --service-cluster, --service-node, --service-zone: they win over the file's `node`. Empty: not given. */
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly serviceZone: string;
  /** What flags and variables say of the mesh and of roles: it wins over the file. */
  readonly overrides: Overrides;
}

/** Collects diagnostics of one configuration and answers what several resources ask. */
export class CompileContext {
  readonly options: CompileOptions;
  readonly defaults: Defaults;
  readonly errors: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];
  /** Names of all clusters, so that routes can be checked against them. */
  readonly clusterNames: Set<string> = new Set();
  /** Whether this node is in a mesh: known before clusters are compiled. */
  hasMesh: boolean = false;
  /** Whether the file has load_stats_config: known before clusters are compiled. */
  hasLoadStats: boolean = false;
  /** The overload manager's limit: known before listeners are compiled; Infinity: none. */
  downstreamConnectionsMax: number = Number.POSITIVE_INFINITY;
  /** Whether the listener that is compiled now is for traffic that leaves the node (traffic_direction OUTBOUND). */
  isOutbound: boolean = false;
  /** Whether the format that is compiled now is of the proxy's own answers: only those have a %LOCAL_REPLY_BODY%. */
  formatsReplies: boolean = false;
  /** The node's cluster: known before listeners are compiled. */
  localCluster: string = "";
  /** Its id and zone, likewise. */
  localNode: { readonly id: string; readonly zone: string } = { id: "", zone: "" };
  /** The filter modules of the connection manager that is being compiled, by the filters' names. */
  readonly filterModules: Map<string, ModuleFilterPlan> = new Map();
  /** Filters of the connection manager that are off and that there are none of here, by name, with what to write instead. */
  readonly missingFilters: Map<string, string> = new Map();
  /** Token buckets that workers share, of all filters and routes so far. */
  readonly rateBuckets: RateBucketsPlan[] = [];

  constructor(options: CompileOptions) {
    this.options = options;
    this.defaults = defaultsOf(options.compat);
  }

  /** The configuration is wrong at this field. */
  error(message: CheckedMessage, field: string, says: string): void {
    this.errors.push(field === "" ? messageDiagnostic(message, says) : fieldDiagnostic(message, field, says));
  }

  /** The configuration is served, but not wholly as it says. The field with all below it then counts as dealt with. */
  warn(message: CheckedMessage, field: string, says: string): void {
    if (field !== "") acknowledge(message, field);
    this.warnings.push(field === "" ? messageDiagnostic(message, says) : fieldDiagnostic(message, field, says));
  }

  /** What Envoy refuses in these words and we understand: an error with `--compat envoy`, else a warning of what is taken. */
  deviation(message: CheckedMessage, field: string, envoySays: string, weSay: string): void {
    if (this.options.compat === "envoy") this.error(message, field, envoySays);
    else this.warn(message, field, weSay);
  }

  /** A feature that serving without would change traffic: refused by name, with what to write instead; then dealt with. */
  refuse(message: CheckedMessage, field: string, feature: string, instead: string): void {
    if (field !== "") acknowledge(message, field);
    this.error(message, field, `${REFUSED}${feature}; instead ${instead}`);
  }
}

/** Whether an error's message is that of `refuse`. */
export function isRefusal(message: string): boolean {
  return message.startsWith(REFUSED);
}

const REFUSED = "not supported: ";
