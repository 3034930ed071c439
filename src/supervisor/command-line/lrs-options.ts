// Turns the flags of `starling lrs-server` into what it does.
import { COMMON_FLAGS, type FlagSpec } from "./flags.ts";
import type { ParsedFlags } from "./parse-flags.ts";

/** The flags of `starling lrs-server`. */
export const LRS_SERVER_FLAGS: readonly FlagSpec[] = [
  {
    name: "config",
    short: "c",
    kind: "text",
    help: "which clusters to ask for and how often, by node; read again when it changes, and on SIGHUP",
  },
  { name: "listen", short: "", kind: "text", help: "where reports are taken: [HOST]:PORT (default :18000)" },
  { name: "admin", short: "", kind: "text", help: "[HOST]:PORT of /stats, /stats/prometheus, /load and /ready" },
  { name: "log-format", short: "", kind: "text", help: "text (default), or json: an object a line" },
  { name: "append", short: "", kind: "text", help: "add each report to this file of JSON lines, and go on from it" },
  { name: "top", short: "", kind: "switch", help: "draw the counts in this terminal instead of the log; q ends it" },
  ...COMMON_FLAGS,
];

/** A host, empty for any address of this machine, and a port. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** As given. */
  readonly text: string;
}

/** What to do. */
export interface LrsServerOptions {
  /** Empty: none. */
  readonly config: string;
  readonly listen: ListenAddress;
  readonly admin: ListenAddress | null;
  readonly logForm: "text" | "json";
  /** Empty: none. */
  readonly append: string;
  readonly isTop: boolean;
}

/** Or every mistake as one line. */
export function lrsServerOptions({ values, rest, errors: parsed }: ParsedFlags): LrsServerOptions | readonly string[] {
  const errors = [...parsed, ...rest.map((word) => `lrs-server takes no argument: '${word}'`)];
  const value = (name: string): string => values.get(name) ?? "";
  const address = (name: string, text: string): ListenAddress => {
    const { host = "", port = "" } = ADDRESS.exec(text)?.groups ?? {};
    if (port === "" || Number(port) > PORT_MAX) errors.push(`--${name}: '${text}' is not [HOST]:PORT, as :18000`);
    return { host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port), text };
  };
  const listen = address("listen", values.get("listen") ?? LISTEN_DEFAULT);
  const admin = values.has("admin") ? address("admin", value("admin")) : null;
  const logForm = values.get("log-format") ?? "text";
  if (logForm !== "text" && logForm !== "json") errors.push(`--log-format: '${logForm}' is neither text nor json`);
  if (errors.length > 0 || (logForm !== "text" && logForm !== "json")) return errors;
  return { config: value("config"), listen, admin, logForm, append: value("append"), isTop: values.has("top") };
}

const ADDRESS = /^(?<host>\[[0-9a-f:.]+\]|[^:/\s]*):(?<port>\d{1,5})$/i;
const LISTEN_DEFAULT = ":18000";
const PORT_MAX = 65_535;
