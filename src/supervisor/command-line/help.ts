// The texts of --help, made from the flag tables so that they cannot drift from what is parsed.
import { COMMON_FLAGS, ENVOY_FLAGS, type FlagSpec, MESH_FLAGS, NO_EFFECT, STARLING_FLAGS } from "./flags.ts";

/** What `starling --help` prints. */
export function mainHelp(): string {
  return [
    "Starling: an L7 proxy that reads Envoy v3 configuration.",
    "",
    "  starling -c FILE [flags]           serve",
    "  starling --mode validate -c FILE   check a file and exit",
    "  starling validate FILE [--json]    the same, all problems as text or JSON; --upgrade: a file of Envoy's v1 API as v3",
    "  starling explain -c FILE REQUEST   which chain, host, route and cluster a request meets, and why",
    "  starling events                    what happens in a mesh, a line each",
    "  starling runtime set KEY VALUE     a runtime key of a whole mesh, at once or in guarded steps",
    "  starling announce                  an endpoint is announced to a mesh as long as this runs",
    "  starling top                       a running node and its mesh, drawn anew each second",
    "  starling lrs-server                takes load reports from proxies, logs and counts them",
    "  starling schema                    JSON Schema of a configuration file",
    "  starling demo [--health|--grpc|…]  a front proxy with two services, health checks, gRPC or load reports, on loopback",
    "",
    "Envoy's flags:",
    ...ENVOY_FLAGS.filter(({ help }) => help !== NO_EFFECT).map(flagLine),
    "",
    "Envoy's flags that are accepted and change nothing:",
    ...flagNames(ENVOY_FLAGS.filter(({ help }) => help === NO_EFFECT)),
    "",
    "Starling's own:",
    ...STARLING_FLAGS.map(flagLine),
    "",
    "Of the mesh; each is also a variable (STARLING_MESH, STARLING_MESH_NAME, …, STARLING_ROLES), and wins over the file:",
    ...MESH_FLAGS.map(flagLine),
    "",
    ...COMMON_FLAGS.map(flagLine),
    "",
  ].join("\n");
}

/** What `starling <subcommand> --help` prints: its usage and flags. */
export function subcommandHelp(usage: readonly string[], flags: readonly FlagSpec[]): string {
  return [...usage, "", "Flags:", ...flags.map(flagLine), ""].join("\n");
}

function flagLine(spec: FlagSpec): string {
  const value = { switch: "", text: " TEXT", count: " N", list: " TEXT" }[spec.kind];
  const short = spec.short === "" ? "    " : `-${spec.short}, `;
  const left = `  ${short}--${spec.name}${value}`;
  return `${left.padEnd(COLUMN)}${left.length >= COLUMN ? " " : ""}${spec.help}`;
}

/** Names alone, as many a line as fit. */
function flagNames(flags: readonly FlagSpec[]): string[] {
  const lines: string[] = [];
  for (const { name } of flags) {
    const last = lines.at(-1);
    if (last === undefined || last.length + name.length > WIDTH) lines.push(`  --${name}`);
    else lines[lines.length - 1] = `${last} --${name}`;
  }
  return lines;
}

const COLUMN = 40;
const WIDTH = 110;
