// Turns the flags of a serving or validating process into options with their defaults. All mistakes come back at once.
import { availableParallelism } from "node:os";
import { didYouMean } from "../../base/did-you-mean.ts";
import type { Override, Overrides } from "../../config/plan/override.ts";
import { isComponent, LOG_COMPONENTS, LOG_LEVELS, type LogLevel } from "../../messages/log.ts";
import type { ServeOptions } from "../../messages/options.ts";
import { TAP_REDACTS } from "../../telemetry/request-watch.ts";
import { adminToken } from "./admin-token.ts";
import { MESH_FLAGS } from "./flags.ts";
import type { ParsedFlags } from "./parse-flags.ts";

/** Options, or every mistake as one line. */
export type ServeOptionsResult =
  | { readonly ok: true; readonly options: ServeOptions }
  | { readonly ok: false; readonly errors: readonly string[] };

/** Reads the flags. `environment`: the process's variables, which stand in for flags of the mesh that were not given. */
export function serveOptions(
  flags: ParsedFlags,
  environment: Readonly<Record<string, string | undefined>>,
): ServeOptionsResult {
  const read = new FlagReader(flags);
  const { level, levels } = read.logLevels();
  const token = adminToken(flags, environment);
  const options: ServeOptions = {
    configPath: read.text("config-path"),
    configYaml: read.text("config-yaml"),
    mode: read.choice("mode", ["serve", "validate"]),
    concurrency: read.count("concurrency", availableParallelism(), 1),
    logLevel: level,
    componentLogLevel: read.text("component-log-level"),
    componentLevels: levels,
    logFormat: read.text("log-format"),
    logFormatEscaped: read.on("log-format-escaped"),
    logPath: read.text("log-path"),
    serviceCluster: read.text("service-cluster"),
    serviceNode: read.text("service-node"),
    serviceZone: read.text("service-zone"),
    drainTimeS: read.count("drain-time-s", 600, 0),
    drainStrategy: read.choice("drain-strategy", ["gradual", "immediate"]),
    parentShutdownTimeS: read.count("parent-shutdown-time-s", 900, 0),
    adminAddressPath: read.text("admin-address-path"),
    allowUnknownStaticFields: read.on("allow-unknown-static-fields") || read.on("allow-unknown-fields"),
    rejectUnknownDynamicFields: read.on("reject-unknown-dynamic-fields"),
    ignoreUnknownDynamicFields: read.on("ignore-unknown-dynamic-fields"),
    localAddressIpVersion: read.choice("local-address-ip-version", ["v4", "v6"]),
    logFlush: {
      flushIntervalMs: read.count("file-flush-interval-msec", 10_000, 1),
      flushBytes: read.count("file-flush-min-size-kb", 64, 0) * 1_024,
    },
    baseId: read.count("base-id", 0, 0),
    restartEpoch: read.count("restart-epoch", 0, 0),
    disableHotRestart: read.on("disable-hot-restart"),
    statsTags: flags.lists.get("stats-tag") ?? [],
    takeover: read.on("takeover"),
    rebalanceHttp2: read.on("rebalance-http2"),
    compat: read.choice("compat", ["starling", "envoy"]),
    workerHeapMb: read.count("worker-heap-mb", 0, 0),
    adminTokenDigest: token.digest,
    tapRedacts: flags.values.has("tap-redacts") ? read.words("tap-redacts") : TAP_REDACTS,
    overrides: overridesOf(flags, environment),
  };
  const errors = [...flags.errors, ...read.errors, ...token.errors];
  if (flags.rest.length > 0) errors.push(`unexpected argument '${flags.rest[0]}'`);
  if (errors.length === 0 && options.configPath === "" && options.configYaml === "") {
    errors.push("no configuration: give --config-path FILE (-c) or --config-yaml TEXT, or try 'starling demo'");
  }
  return errors.length > 0 ? { ok: false, errors } : { ok: true, options };
}

function overridesOf(flags: ParsedFlags, environment: Readonly<Record<string, string | undefined>>): Overrides {
  const overrides = new Map<string, Override>();
  for (const { name } of MESH_FLAGS) {
    const variable = `STARLING_${name.replaceAll("-", "_").toUpperCase()}`;
    const flag = flags.values.get(name) ?? "";
    const text = flag === "" ? (environment[variable] ?? "") : flag;
    if (text !== "") overrides.set(name, { text, source: flag === "" ? variable : `--${name}` });
  }
  return overrides;
}

class FlagReader {
  readonly errors: string[] = [];
  private readonly flags: ParsedFlags;

  constructor(flags: ParsedFlags) {
    this.flags = flags;
  }

  text(name: string): string {
    return this.flags.values.get(name) ?? "";
  }

  words(name: string): string[] {
    const words = this.text(name).toLowerCase().split(",");
    return words.map((word) => word.trim()).filter((word) => word !== "");
  }

  on(name: string): boolean {
    return this.flags.values.has(name);
  }

  count(name: string, fallback: number, min: number): number {
    const text = this.flags.values.get(name);
    if (text === undefined) return fallback;
    if (Number(text) < min) this.errors.push(`--${name} must be at least ${min}`);
    return Number(text);
  }

  /** The first choice is the default. */
  choice<const Choice extends string>(name: string, choices: readonly [Choice, ...Choice[]]): Choice {
    const text = this.flags.values.get(name);
    if (text === undefined) return choices[0];
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    this.errors.push(`--${name}: '${text}' is none of ${choices.join(", ")}${didYouMean(text, choices)}`);
    return choices[0];
  }

  logLevels(): { level: LogLevel; levels: ReadonlyMap<string, LogLevel> } {
    const levels = new Map<string, LogLevel>();
    for (const pair of this.text("component-log-level").split(",").filter(Boolean)) {
      const [component, text] = pair.split(":");
      if (component === undefined || text === undefined || text === "") {
        this.errors.push(`--component-log-level: '${pair}' is not component:level`);
      } else if (!isComponent(component)) {
        this.errors.push(`--component-log-level: no component '${component}'${componentHint(component)}`);
      } else levels.set(component, this.level("component-log-level", text));
    }
    const text = this.text("log-level");
    return { level: text === "" ? "info" : this.level("log-level", text), levels };
  }

  private level(flag: string, text: string): LogLevel {
    const level = parseLogLevel(text);
    if (level === undefined) {
      this.errors.push(`--${flag}: '${text}' is none of ${LOG_LEVELS.join(", ")}${didYouMean(text, LOG_LEVELS)}`);
    }
    return level ?? "info";
  }
}

/** Envoy's words for levels: `warn` is `warning`. Undefined for any other word. */
export function parseLogLevel(text: string): LogLevel | undefined {
  return text === "warn" ? "warning" : LOG_LEVELS.find((level) => level === text);
}

function componentHint(component: string): string {
  return didYouMean(component, LOG_COMPONENTS) || ` (there are: ${LOG_COMPONENTS.join(", ")})`;
}
