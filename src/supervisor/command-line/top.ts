// `starling top`: one node and its mesh, drawn anew each second in a terminal, printed once anywhere else. Asks the node's admin pages;
// what a picture shows is top-frame.ts's.
import { systemClock } from "../../base/clock.ts";
import { Agent, get } from "../../base/node-http.ts";
import { systemText } from "../../base/system-text.ts";
import { complain } from "./complain.ts";
import { COMMON_FLAGS, type FlagSpec } from "./flags.ts";
import { liveScreen } from "./live-screen.ts";
import type { ParsedFlags } from "./parse-flags.ts";
import type { Terminal } from "./terminal.ts";
import { type MeshSample, TOP_FILTER, type TopSample, topFrame } from "./top-frame.ts";

/** Envoy's usual one. */
const ADMIN_DEFAULT = "127.0.0.1:9901";

/** Its flags. */
export const TOP_FLAGS: readonly FlagSpec[] = [
  { name: "admin", short: "", kind: "text", help: `the node's admin address (default ${ADMIN_DEFAULT})` },
  { name: "cluster", short: "", kind: "text", help: "only endpoints of this cluster" },
  { name: "once", short: "", kind: "switch", help: "one picture as plain text, as anywhere but in a terminal" },
  ...COMMON_FLAGS,
];

/** Draws until q or Ctrl-C, or prints one picture; answers with the exit code. */
export async function top(flags: ParsedFlags, terminal: Terminal): Promise<0 | 1> {
  const target = targetOf(flags);
  if (typeof target === "string") return complain([...flags.errors, target]);
  if (flags.errors.length > 0) return complain(flags.errors);
  if (terminal.isTty && !flags.values.has("once")) {
    await drawLive(target, terminal);
    return 0;
  }
  const sample = await takeSample(target);
  target.agent.destroy();
  if (typeof sample === "string") return complain([sample]);
  terminal.write(`${topFrame(sample, null).join("\n")}\n`);
  return 0;
}

interface Target {
  readonly host: string;
  readonly port: number;
  /** As given. */
  readonly name: string;
  readonly cluster: string;
  readonly agent: InstanceType<typeof Agent>;
}

/** Or what is wrong with the command line. */
function targetOf({ values, rest }: ParsedFlags): Target | string {
  const [word] = rest;
  if (word !== undefined) return `top takes no argument: '${word}'`;
  const admin = values.get("admin") ?? ADMIN_DEFAULT;
  const { host, port } = ADDRESS.exec(admin)?.groups ?? {};
  if (host === undefined) return `--admin: '${admin}' is not HOST:PORT`;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    host: host.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port),
    name: admin,
    cluster: values.get("cluster") ?? "",
    agent,
  };
}

/** Or why there is none. */
async function takeSample(target: Target): Promise<TopSample | string> {
  try {
    const stats = await fetchText(target, `/stats?format=json&filter=${encodeURIComponent(TOP_FILTER)}`);
    const limit = `limit=${ENDPOINTS_MAX}&cluster=${encodeURIComponent(target.cluster)}`;
    const mesh = await fetchText(target, `/mesh?format=json&${limit}`);
    if (stats.status !== 200) return `${target.name} is no admin address of Starling`;
    if (mesh.status === 503) return mesh.text.trimEnd();
    const parsed = JSON.parse(stats.text) as {
      readonly stats: readonly { readonly name?: string; readonly value?: number }[];
    };
    const values = parsed.stats.map(({ name = "", value = 0 }) => [name, value] as const);
    return {
      atMs: systemClock.nowMs(),
      stats: new Map(values),
      mesh: mesh.status === 200 ? (JSON.parse(mesh.text) as MeshSample) : null,
    };
  } catch (error) {
    return `no answer from ${target.name}: ${systemText(error)}`;
  }
}

function fetchText(
  { host, port, agent }: Target,
  path: string,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const request = get({ host, port, path, agent, timeout: TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    });
    request.on("timeout", () => request.destroy(new Error(`it takes longer than ${TIMEOUT_MS / 1_000} s`)));
    request.on("error", reject);
  });
}

/** Until the user has had enough. */
async function drawLive(target: Target, terminal: Terminal): Promise<void> {
  let before: TopSample | null = null;
  const screen = liveScreen(terminal, async () => {
    const sample = await takeSample(target);
    const lines = typeof sample === "string" ? [sample] : topFrame(sample, before);
    before = typeof sample === "string" ? null : sample;
    return [`starling top: ${target.name} (q ends it)`, ...lines];
  });
  await screen.over;
  target.agent.destroy();
}

const ADDRESS = /^(?<host>\[[0-9a-f:.]+\]|[^:/]+):(?<port>\d{1,5})$/i;
const ENDPOINTS_MAX = 200;
const TIMEOUT_MS = 5_000;
