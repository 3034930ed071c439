// The flags of `starling`, as data: Envoy's with its exact names, then ours. Parsing and --help read this table.

/** One flag. */
export interface FlagSpec {
  readonly name: string;
  /** One letter, or empty. */
  readonly short: string;
  readonly kind: "switch" | "text" | "count" | "list";
  /** What --help says. Flags accepted without effect say so. */
  readonly help: string;
}

/** The help of a flag that is accepted and changes nothing. */
export const NO_EFFECT = "accepted for Envoy's sake, without effect";

/** Envoy's flags, in the order of its own --help. */
export const ENVOY_FLAGS: readonly FlagSpec[] = [
  flag("config-path", "text", "Envoy v3 configuration file: YAML or JSON", "c"),
  flag("config-yaml", "text", "inline YAML, merged over the file of --config-path"),
  flag("mode", "text", "'serve' (default) or 'validate': check the configuration and exit"),
  flag("concurrency", "count", "number of listener workers, by default one per core this process may use"),
  flag("log-level", "text", "trace, debug, info (default), warning, error, critical or off", "l"),
  flag("component-log-level", "text", "levels of single components: upstream:debug,config:trace"),
  flag(
    "log-format",
    "text",
    "log line in spdlog's syntax, default [%Y-%m-%d %T.%e][%t][%^%l%$][%n] %v; or json: an object a line",
  ),
  flag("log-format-escaped", "switch", "escape line ends and tabs in log lines"),
  flag("log-path", "text", "log to this file instead of standard error"),
  flag(
    "file-flush-interval-msec",
    "count",
    "milliseconds after which lines of access logs are written (default 10000)",
  ),
  flag("file-flush-min-size-kb", "count", "KiB of them that are written without waiting (default 64)"),
  flag("service-cluster", "text", "node.cluster; overrides the file"),
  flag("service-node", "text", "node.id; overrides the file"),
  flag("service-zone", "text", "node.locality.zone; overrides the file"),
  flag("drain-time-s", "count", "seconds over which a graceful drain closes connections (default 600)"),
  flag("drain-strategy", "text", "'gradual' (default) or 'immediate': how a drain spreads over --drain-time-s"),
  flag(
    "parent-shutdown-time-s",
    "count",
    "shown by /server_info; the old process of a takeover ends by its own signal",
  ),
  flag("admin-address-path", "text", "write the admin server's address into this file"),
  flag("allow-unknown-static-fields", "switch", "unknown fields of the file are warnings, not errors"),
  flag("allow-unknown-fields", "switch", "the older name of --allow-unknown-static-fields"),
  flag("local-address-ip-version", "text", "'v4' (default) or 'v6'; shown by /server_info"),
  flag("hot-restart-version", "switch", "print the hot restart version, which is 'disabled', and exit"),
  flag("stats-tag", "list", "tag:value that all statistics carry in /server_info; may be repeated"),
  ...[
    "reject-unknown-dynamic-fields",
    "ignore-unknown-dynamic-fields",
    "skip-deprecated-logs",
    "disable-hot-restart",
    "enable-mutex-tracing",
    "cpuset-threads",
    "enable-core-dump",
    "enable-fine-grain-logging",
    "log-stacktrace-single-entry",
    "use-dynamic-base-id",
    "skip-hot-restart-on-no-parent",
    "skip-hot-restart-parent-stats",
  ].map((name) => flag(name, "switch", NO_EFFECT)),
  ...["base-id", "restart-epoch"].map((name) => flag(name, "count", NO_EFFECT)),
  ...["base-id-path", "socket-path", "socket-mode", "disable-extensions"].map((name) => flag(name, "text", NO_EFFECT)),
];

/** Starling's own flags. */
export const STARLING_FLAGS: readonly FlagSpec[] = [
  flag(
    "takeover",
    "switch",
    "join the addresses of a running process instead of refusing to start; it is drained by its owner",
  ),
  flag(
    "compat",
    "text",
    "'starling' (default) or 'envoy': take Envoy's defaults and refusals also where ours are safer or kinder",
  ),
  flag(
    "rebalance-http2",
    "switch",
    "every 10 s a worker with over twice the HTTP/2 streams of the others asks one connection to go elsewhere",
  ),
  flag("worker-heap-mb", "count", "JavaScript heap of one worker in MiB; a worker that needs more is restarted"),
  flag(
    "admin-token-file",
    "text",
    "file with the token that changes over the admin address need; or variable STARLING_ADMIN_TOKEN_FILE, or STARLING_ADMIN_TOKEN with the token itself",
  ),
  flag(
    "tap-redacts",
    "text",
    "fields and query parameters whose values the request tap hides, with commas between, in place of the usual ones",
  ),
];

/** Flags that stand over the file's starling.mesh.v1.Mesh extension. Each is also a variable: --mesh-name is STARLING_MESH_NAME. */
export const MESH_FLAGS: readonly FlagSpec[] = [
  flag(
    "mesh",
    "text",
    "the mesh's broker: nats://HOST:PORT or tls://HOST:PORT, with commas between several, or embedded[:PORT]",
  ),
  flag("mesh-name", "text", "which mesh of this broker (default 'default')"),
  flag("mesh-node", "text", "this node's name in the mesh; by default node.id, ~ and four random characters"),
  flag("mesh-load", "text", "merged (one node reports the load of all, the default in a mesh) or per_node"),
  flag("mesh-nkey", "text", "file with the nkey seed that the broker knows this node by"),
  flag("mesh-credentials", "text", "the same with a .creds file: a user's JWT and nkey seed"),
  flag("mesh-ca", "text", "PEM file of the authority that signs the broker's certificate; asks for TLS"),
  flag("mesh-cert", "text", "PEM file of the certificate that the broker is shown; with --mesh-key"),
  flag("mesh-key", "text", "PEM file of its private key"),
  flag("roles", "text", "what this node does, with commas between: proxy, health, load (these by default), eds"),
  flag("eds-listen", "text", "IP:PORT on which the role eds serves endpoints to xDS clients (default 127.0.0.1:18001)"),
  flag("eds-cert", "text", "PEM file of the certificate that xDS clients are shown: TLS; with --eds-key"),
  flag("eds-key", "text", "PEM file of its private key"),
  flag("eds-ca", "text", "PEM file of the authority whose certificate every xDS client must show"),
];

/** Those of them that say which mesh it is and how to get to its broker: for commands that are no node. */
export const BROKER_FLAGS: readonly FlagSpec[] = MESH_FLAGS.filter(({ name }) =>
  /^mesh(-(name|nkey|credentials|ca|cert|key))?$/.test(name),
);

/** Flags that both families and every subcommand have. */
export const COMMON_FLAGS: readonly FlagSpec[] = [
  flag("version", "switch", "print the version and exit"),
  flag("help", "switch", "print this text and exit", "h"),
];

function flag(name: string, kind: FlagSpec["kind"], help: string, short = ""): FlagSpec {
  return { name, short, kind, help };
}
