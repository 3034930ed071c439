// The command line: which subcommand, which flags, which exit code. Everything else lies in the rooms.

import { didYouMean } from "./base/did-you-mean.ts";
import { jsonSchemaOf } from "./config/schema/json-schema.ts";
import { checkAddressFree, findFreePort } from "./net/probe.ts";
import { ANNOUNCE_FLAGS } from "./supervisor/command-line/announce-options.ts";
import { explain } from "./supervisor/command-line/explain.ts";
import {
  BROKER_FLAGS,
  COMMON_FLAGS,
  ENVOY_FLAGS,
  type FlagSpec,
  MESH_FLAGS,
  STARLING_FLAGS,
} from "./supervisor/command-line/flags.ts";
import { mainHelp, subcommandHelp } from "./supervisor/command-line/help.ts";
import { LRS_SERVER_FLAGS } from "./supervisor/command-line/lrs-options.ts";
import { type ParsedFlags, parseFlags } from "./supervisor/command-line/parse-flags.ts";
import { RUNTIME_FLAGS, RUNTIME_HELP } from "./supervisor/command-line/runtime-options.ts";
import { serve } from "./supervisor/command-line/serve.ts";
import { serveOptions } from "./supervisor/command-line/serve-options.ts";
import { processTerminal } from "./supervisor/command-line/terminal.ts";
import { TOP_FLAGS, top } from "./supervisor/command-line/top.ts";
import { upgrade } from "./supervisor/command-line/upgrade.ts";
import { validate } from "./supervisor/command-line/validate.ts";
import { chooseDemo, DEMO_FLAGS } from "./supervisor/demo/choose-demo.ts";
import { demo } from "./supervisor/demo/demo.ts";
import { VERSION } from "./supervisor/version.ts";

/** Runs the program; sets `process.exitCode` or ends the process. */
export async function main(args: readonly string[]): Promise<void> {
  const [first] = args;
  const name = first === undefined || first.startsWith("-") ? "" : first;
  const subcommand = SUBCOMMANDS.find((one) => one.name === name);
  if (subcommand === undefined) {
    fail([`unknown subcommand '${name}'${hint(name)}`, "try 'starling --help'"]);
    return;
  }
  const flags = parseFlags(subcommand.flags, name === "" ? args : args.slice(1));
  if (flags.values.has("help")) process.stdout.write(subcommand.help());
  else if (flags.values.has("version")) process.stdout.write(`starling  version: ${VERSION}\n`);
  else if (flags.values.has("hot-restart-version")) process.stdout.write("disabled\n");
  else await subcommand.run(flags);
}

/** One word of the command line with its flags. */
export interface Subcommand {
  /** Empty: no word at all. */
  readonly name: string;
  readonly flags: readonly FlagSpec[];
  help(): string;
  run(flags: ParsedFlags): Promise<void>;
}

const VALIDATE_FLAGS: readonly FlagSpec[] = [
  { name: "json", short: "", kind: "switch", help: 'print {"errors":[…],"warnings":[…]}' },
  {
    name: "upgrade",
    short: "",
    kind: "switch",
    help: "print a route configuration of Envoy's v1 API (JSON) as a v3 file",
  },
  ...ENVOY_FLAGS.filter(({ name }) => ["allow-unknown-static-fields", "config-yaml"].includes(name)),
  ...STARLING_FLAGS.filter(({ name }) => name === "compat"),
  ...MESH_FLAGS,
  ...COMMON_FLAGS,
];

const EXPLAIN_FLAGS: readonly FlagSpec[] = [
  ...ENVOY_FLAGS.filter(({ name }) => ["config-path", "config-yaml"].includes(name)),
  { name: "header", short: "H", kind: "list", help: "a header of the request, 'name: value'; may be repeated" },
  {
    name: "source",
    short: "",
    kind: "text",
    help: "where the client is, IP or IP:PORT: some filter chains ask for it",
  },
  { name: "destination", short: "", kind: "text", help: "the IP address that it connected to; default the listener's" },
  ...COMMON_FLAGS,
];

const EVENTS_FLAGS: readonly FlagSpec[] = [
  { name: "follow", short: "f", kind: "switch", help: "wait for a broker, and go on after it was lost" },
  { name: "cluster", short: "", kind: "text", help: "only what happens to this cluster's endpoints" },
  { name: "json", short: "", kind: "switch", help: "each event as CloudEvents has it, one JSON object a line" },
  ...BROKER_FLAGS,
  ...COMMON_FLAGS,
];

/** All of them; the documentation's reference of flags is made from it. */
export const SUBCOMMANDS: readonly Subcommand[] = [
  {
    name: "",
    flags: [...ENVOY_FLAGS, ...STARLING_FLAGS, ...MESH_FLAGS, ...COMMON_FLAGS],
    help: mainHelp,
    run: async (flags) => {
      const result = serveOptions(flags, process.env);
      if (!result.ok) fail([...result.errors, "try 'starling --help'"]);
      else if (result.options.mode === "validate") process.exitCode = validate(result.options, "text");
      else await serve(result.options);
    },
  },
  {
    name: "demo",
    flags: DEMO_FLAGS,
    help: () =>
      subcommandHelp(["starling demo: a front proxy with two services on loopback; prints what to try"], DEMO_FLAGS),
    run: async (flags) => {
      const chosen = chooseDemo(flags);
      if ("intro" in chosen) await demo(chosen, { checkAddressFree, findFreePort });
      else fail([...chosen, "try 'starling demo --help'"]);
    },
  },
  {
    name: "validate",
    flags: VALIDATE_FLAGS,
    help: () =>
      subcommandHelp(["starling validate FILE [--json|--upgrade]: exit code 0 when valid, else 1"], VALIDATE_FLAGS),
    run: async (flags) => {
      const [file, ...more] = flags.rest;
      const values = new Map([...flags.values, ["config-path", file ?? ""]]);
      if (file === undefined && !flags.values.has("config-yaml")) {
        fail([...flags.errors, "validate needs a file: starling validate FILE"]);
        return;
      }
      if (flags.values.has("upgrade") && file !== undefined && flags.errors.length === 0) {
        process.exitCode = upgrade(file);
        return;
      }
      const result = serveOptions({ ...flags, values, rest: more }, process.env);
      if (!result.ok) fail([...result.errors, "try 'starling validate --help'"]);
      else process.exitCode = validate(result.options, flags.values.has("json") ? "json" : "text");
    },
  },
  {
    name: "explain",
    flags: EXPLAIN_FLAGS,
    help: () =>
      subcommandHelp(
        ["starling explain -c FILE 'GET https://host/path' [-H 'name: value']: what the file does with a request,"]
          .concat(
            "with the line of each filter chain, virtual host, route, cluster and endpoint, and why routes do not",
          )
          .concat("match. Sends nothing. Exit code 0 when a route matches, else 1."),
        EXPLAIN_FLAGS,
      ),
    run: async (flags) => {
      // Loaded here only: a process that serves keeps the data plane to its workers.
      const { explainRequest } = await import("./dataplane/explain.ts");
      process.exitCode = explain(flags, explainRequest);
    },
  },
  {
    name: "events",
    flags: EVENTS_FLAGS,
    help: () =>
      subcommandHelp(
        [
          "starling events [--mesh URL] [--cluster NAME]: what happens in a mesh from now on, each event once, until Ctrl-C.",
          "By default the mesh of this machine's embedded broker. Ends with code 1 when no broker is there, or no more.",
        ],
        EVENTS_FLAGS,
      ),
    run: async (flags) => {
      // Loaded here only: a process that serves talks to the broker on a thread of its own.
      const { events } = await import("./supervisor/command-line/events.ts");
      process.exitCode = await events(flags, process.env);
    },
  },
  {
    name: "top",
    flags: TOP_FLAGS,
    help: () =>
      subcommandHelp(
        [
          "starling top [--admin HOST:PORT] [--once]: a running node's traffic, its mesh, and who checks which endpoint,",
          "drawn anew each second; q ends it.",
        ],
        TOP_FLAGS,
      ),
    run: async (flags) => {
      process.exitCode = await top(flags, processTerminal());
    },
  },
  {
    name: "announce",
    flags: ANNOUNCE_FLAGS,
    help: () =>
      subcommandHelp(
        [
          "starling announce --service NAME --address IP:PORT: the mesh clusters of this service use it as long as this",
          "process lives. Ctrl-C or SIGTERM withdraws it at once; after a kill it is out within six seconds.",
        ],
        ANNOUNCE_FLAGS,
      ),
    run: async (flags) => {
      const { announce } = await import("./supervisor/command-line/announce.ts");
      process.exitCode = await announce(flags, process.env);
    },
  },
  {
    name: "runtime",
    flags: RUNTIME_FLAGS,
    help: () => subcommandHelp(RUNTIME_HELP, RUNTIME_FLAGS),
    run: async (flags) => {
      const { runtime } = await import("./supervisor/command-line/runtime.ts");
      process.exitCode = await runtime(flags, process.env);
    },
  },
  {
    name: "lrs-server",
    flags: LRS_SERVER_FLAGS,
    help: () =>
      subcommandHelp(
        [
          "starling lrs-server [-c FILE]: takes load reports (LRS) from proxies on :18000 and logs them, until Ctrl-C. Without a",
          "file it asks every client for local_service each 2 s.",
        ],
        LRS_SERVER_FLAGS,
      ),
    run: async (flags) => {
      const { lrsServer } = await import("./supervisor/command-line/lrs-server.ts");
      process.exitCode = await lrsServer(flags, processTerminal());
    },
  },
  {
    name: "schema",
    flags: COMMON_FLAGS,
    help: () => subcommandHelp(["starling schema: the JSON Schema of a configuration file, for editors"], COMMON_FLAGS),
    run: async (flags) => {
      const mistakes = [...flags.errors, ...flags.rest.map((word) => `schema takes no argument: '${word}'`)];
      if (mistakes.length > 0) fail(mistakes);
      else process.stdout.write(`${JSON.stringify(jsonSchemaOf(), null, 2)}\n`);
    },
  },
];

function hint(name: string): string {
  const names = SUBCOMMANDS.map((one) => one.name).filter(Boolean);
  return didYouMean(name, names) || ` (there are: ${names.join(", ")})`;
}

function fail(lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`starling: ${line}\n`);
  process.exitCode = 1;
}
