// Sends steady requests to front proxies and says each second which version answered how many of them: what a reader of the traffic
// shifting demo watches. `starling demo --traffic` starts it; it imports nothing of the proxy.
import { parseArgs } from "node:util";
import { Agent, get } from "./node-http.ts";

const HELP = `usage: traffic-shares --target=NAME=PORT ... [--rate=200] [--lines=0] [--attached]
Asks each target on loopback rate times a second, and prints a line when shares changed by more than chance, or after ten seconds.
Attached, it ends when its standard input does; it ends after --lines lines too.
`;

const { values } = parseArgs({
  options: {
    target: { type: "string", multiple: true, default: [] },
    rate: { type: "string", default: "200" },
    lines: { type: "string", default: "0" },
    attached: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const TICKS_PER_S = 20;
const VERSIONS = ["v1", "v2", "v3"];
/** Percent by which shares of 200 requests differ by chance: three standard deviations. */
const NOISE = 11;
const QUIET_S = 10;

/** One front proxy with what its last second was. */
interface Target {
  readonly name: string;
  readonly port: number;
  readonly counts: Map<string, number>;
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 });
const targets: Target[] = values.target.map((text) => {
  const [name = "", port = ""] = text.split("=");
  return { name, port: Number(port), counts: new Map() };
});
let shown: readonly (readonly number[])[] = [];
let quietS = 0;
let linesLeft = Number(values.lines) || Number.POSITIVE_INFINITY;

if (values.help) process.stdout.write(HELP);
else run();

function run(): void {
  const batch = Math.max(1, Math.round(Number(values.rate) / TICKS_PER_S));
  setInterval(() => {
    for (const target of targets) for (let i = 0; i < batch; i++) ask(target);
  }, 1_000 / TICKS_PER_S);
  setInterval(tell, 1_000);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
  if (values.attached) process.stdin.resume().on("end", () => process.exit(0));
}

function ask({ port, counts }: Target): void {
  const count = (who: string): void => void counts.set(who, (counts.get(who) ?? 0) + 1);
  const request = get({ host: "127.0.0.1", port, agent }, (response) => {
    let body = "";
    response.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    response.on("end", () => count(/ServerName: (\w+)/.exec(body)?.[1] ?? `status ${response.statusCode}`));
  });
  // Before the proxy listens nobody is there: nothing to count.
  request.on("error", () => {});
}

/** One line when something is to be seen: a share moved, or ten seconds went by. */
function tell(): void {
  const shares = targets.map(({ counts }) => VERSIONS.map((version) => percent(counts, version)));
  const total = targets.reduce((sum, { counts }) => sum + totalOf(counts), 0);
  const hasMoved = shares.some((one, at) => one.some((share, i) => Math.abs(share - (shown[at]?.[i] ?? -100)) > NOISE));
  quietS++;
  if (total > 0 && (hasMoved || quietS >= QUIET_S)) {
    process.stdout.write(`  ${targets.map(lineOf).join("    |    ")}\n`);
    shown = shares;
    quietS = 0;
    linesLeft--;
  }
  for (const { counts } of targets) counts.clear();
  if (linesLeft <= 0) process.exit(0);
}

function lineOf({ name, counts }: Target): string {
  const parts = [...counts.keys()].sort().map((who) => `${who} ${Math.round(percent(counts, who))} %`);
  return `${name}: ${parts.join("  ")} of ${totalOf(counts)}`;
}

function percent(counts: ReadonlyMap<string, number>, who: string): number {
  return ((counts.get(who) ?? 0) / Math.max(1, totalOf(counts))) * 100;
}

function totalOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, one) => sum + one, 0);
}
