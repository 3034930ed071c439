// Writes docs/reference/{flags,admin,statistics}.md from the tables that the program itself goes by: flags as --help has them, admin pages
// as /help, statistics as the threads count them. Used by test/architecture/reference.test.ts.
import { pagesOf } from "../../src/control/admin/page-table.ts";
import { meshPage } from "../../src/control/admin/pages/mesh.ts";
import type { AdminView, MeshSource } from "../../src/control/admin/view.ts";
import { SUBCOMMANDS } from "../../src/main.ts";
import { COMMON_FLAGS, type FlagSpec, MESH_FLAGS, NO_EFFECT } from "../../src/supervisor/command-line/flags.ts";
import { STATS_SCHEMAS } from "../../src/supervisor/stats-schemas.ts";
import { sourceFiles, sourceText } from "./source-files.ts";

/** The pages by file name. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ["flags.md", flagsPage()],
    ["admin.md", adminPage()],
    ["statistics.md", statisticsPage()],
  ]);
}

function flagsPage(): string {
  const sections = SUBCOMMANDS.map(({ name, flags }) => {
    const own = flags.filter((flag) => !COMMON_FLAGS.includes(flag) && (name === "" || !MESH_FLAGS.includes(flag)));
    const acted = own.filter(({ help }) => help !== NO_EFFECT);
    const idle = own.filter(({ help }) => help === NO_EFFECT).map((flag) => `\`--${flag.name}\``);
    const ofMesh = name === "" ? [] : flags.filter((flag) => MESH_FLAGS.includes(flag));
    return [
      `## starling${name === "" ? "" : ` ${name}`}`,
      "",
      ...(acted.length === 0
        ? ["No flags of its own."]
        : ["| Flag | Variable | What |", "|---|---|---|", ...acted.map(flagRow)]),
      ...(idle.length === 0 ? [] : ["", `Envoy's flags that are accepted and change nothing: ${idle.join(", ")}.`]),
      ...(ofMesh.length === 0 ? [] : ["", meshNote(ofMesh)]),
      "",
    ].join("\n");
  });
  return `# Flags and variables\n\n${FLAGS_NOTE}\n\n${sections.join("\n")}${VARIABLES}`;
}

function meshNote(flags: readonly FlagSpec[]): string {
  const which = flags.length === MESH_FLAGS.length ? "all" : flags.map(({ name }) => `\`--${name}\``).join(", ");
  return `And of the [flags of the mesh](#starling), with their variables: ${which}.`;
}

function flagRow(flag: FlagSpec): string {
  const value = { switch: "", text: " TEXT", count: " N", list: " TEXT …" }[flag.kind];
  const short = flag.short === "" ? "" : `\`-${flag.short}\`, `;
  const variable = MESH_FLAGS.some(({ name }) => name === flag.name)
    ? `\`STARLING_${flag.name.replaceAll("-", "_").toUpperCase()}\``
    : "";
  return `| ${short}\`--${flag.name}${value}\` | ${variable} | ${flag.help.replaceAll("|", "\\|")} |`;
}

function adminPage(): string {
  const pages = [...pagesOf({ mesh: null } as AdminView), meshPage({} as MeshSource)];
  const rows = pages
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, mutates, help, parameters }) => {
      const given = parameters.map(({ id, help: meaning }) => `\`${id}\`: ${meaning}`);
      return `| \`${path}\`${mutates ? " (POST)" : ""} | ${[help, ...given].join("<br>").replaceAll("|", "\\|")} |`;
    });
  return `# Admin pages\n\n${ADMIN_NOTE}\n\n| Page | What |\n|---|---|\n${rows.join("\n")}\n`;
}

function statisticsPage(): string {
  const sections = sourceFiles("src/telemetry").flatMap((file) => {
    const text = sourceText(file);
    const ids = [...text.matchAll(/\bid: "([\w-]+)"/g)].map(([, id = ""]) => id);
    const schemas = STATS_SCHEMAS.filter(({ id, visible }) => visible && ids.includes(id));
    if (schemas.length === 0) return [];
    const head = (/^(\/\/.*\n)+/.exec(text)?.[0] ?? "")
      .replaceAll(/^\/\/ ?/gm, "")
      .trim()
      .replaceAll("\n", " ");
    const rows = schemas.flatMap(({ names, gaugesFrom }) =>
      names.map((name, at) => `| \`${name}\` | ${at < gaugesFrom ? "counter" : "gauge"} | ${meaningOf(text, name)} |`),
    );
    const title = schemas.map(({ id }) => id.replaceAll(/[-_]/g, " ")).join(", ");
    return [`## ${title}\n\n${head}\n\n| Name | Kind | Meaning |\n|---|---|---|\n${[...new Set(rows)].join("\n")}\n`];
  });
  return `# Statistics\n\n${STATISTICS_NOTE}\n\n${sections.join("\n")}`;
}

/** The remark above a name in its table. */
function meaningOf(text: string, name: string): string {
  const quoted = name.replaceAll(".", "\\.");
  return (
    new RegExp(`/\\*\\* ([^\\n]*) \\*/\\n  "${quoted}"`).exec(text)?.[1]?.replace(/\.$/, "").replaceAll("|", "\\|") ??
    ""
  );
}

const WRITTEN = "`UPDATE_REFERENCE=1 npx mocha test/architecture/reference.test.ts` writes this page anew.";
const FLAGS_NOTE = `From the table that parses them, as \`--help\` prints it. A flag wins over its variable, and that over the file. ${WRITTEN}`;
const ADMIN_NOTE = `From the table that \`/help\` prints; \`/mesh\` only of a node in a mesh, which also forwards \`/mesh/<node>/…\`. \`/\` is the dashboard for a browser
([more](../../src/control/admin/README.md)). Pages marked POST change something. ${WRITTEN}`;
const STATISTICS_NOTE = `What \`/stats\` and \`/stats/prometheus\` show, by what has them, from the tables of the threads that count. Names are Envoy's, and mean what
[Envoy's documentation](https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats) says of them, where no meaning stands beside them. Counters
count events, gauges things that are there now; names that end with \`_bytes…\` are bytes. Times are histograms in milliseconds: \`upstream_rq_time\`, \`downstream_rq_time\`.
Not in these tables: counters by status (\`upstream_rq_200\`, \`upstream_rq_2xx\`), by filter module, and of the node itself (\`server.…\`, \`runtime.…\`,
\`listener_manager.…\`, \`cluster_manager.…\`, \`starling.…\`). ${WRITTEN}`;
const VARIABLES = `
## Other variables

Of OpenTelemetry, for [traces](../../src/control/tracing/README.md): \`OTEL_SERVICE_NAME\`, \`OTEL_RESOURCE_ATTRIBUTES\`, \`OTEL_SDK_DISABLED\` and more. Of the image:
\`ENVOY_UID\`, \`ENVOY_GID\`, \`loglevel\` ([compose](../../compose/README.md#the-image)). \`%ENVIRONMENT(NAME)%\` in formats reads any.
`;
