// The command line after parsing: every option has its value, nobody looks at flags again. /server_info shows them.
import type { Overrides } from "../config/plan/override.ts";
import type { LogFlush } from "../telemetry/access-log.ts";
import type { LogLevel } from "./log.ts";

/** Options of `starling` when it serves or validates. */
export interface ServeOptions {
  /** Empty: none given. */
  readonly configPath: string;
  readonly configYaml: string;
  readonly mode: "serve" | "validate";
  /** Listener workers; default one per core this process may use. */
  readonly concurrency: number;
  readonly logLevel: LogLevel;
  /** As given: `upstream:debug,config:trace`. */
  readonly componentLogLevel: string;
  readonly componentLevels: ReadonlyMap<string, LogLevel>;
  /** Empty: the default. */
  readonly logFormat: string;
  readonly logFormatEscaped: boolean;
  /** Empty: standard error. */
  readonly logPath: string;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly serviceZone: string;
  /** Default 600. */
  readonly drainTimeS: number;
  readonly drainStrategy: "gradual" | "immediate";
  /** Default 900. */
  readonly parentShutdownTimeS: number;
  /** Empty: none. */
  readonly adminAddressPath: string;
  readonly allowUnknownStaticFields: boolean;
  readonly rejectUnknownDynamicFields: boolean;
  readonly ignoreUnknownDynamicFields: boolean;
  readonly localAddressIpVersion: "v4" | "v6";
  /** --file-flush-interval-msec and --file-flush-min-size-kb: when lines of access logs leave. */
  readonly logFlush: LogFlush;
  readonly baseId: number;
  readonly restartEpoch: number;
  readonly disableHotRestart: boolean;
  readonly statsTags: readonly string[];
  readonly takeover: boolean;
  /** Workers with far more HTTP/2 streams than the others ask connections to end. Default false. */
  readonly rebalanceHttp2: boolean;
  readonly compat: "starling" | "envoy";
  /** Heap of a worker in MiB; 0: V8's default. */
  readonly workerHeapMb: number;
  /** SHA-256 of the token that changes over the admin address need, in hex; empty: none. The token itself is kept nowhere. */
  readonly adminTokenDigest: string;
  /** Fields and query parameters whose values the tap shows nobody, in lower case. */
  readonly tapRedacts: readonly string[];
  /** --mesh… and --roles, else STARLING_MESH… and STARLING_ROLES. */
  readonly overrides: Overrides;
}
