// What a follower of the health-check document sees, step by step, as plain data: the scenario compares it with what the document
// shows, the differential test with what the real Envoy shows.
import { HealthDocument, type HealthDocumentOptions } from "./health-document.ts";
import type { Program } from "./live-proxy.ts";

/** One thing the follower does, by its title, and what is seen then. */
export type Step = readonly [title: string, see: (document: HealthDocument) => Promise<unknown>];

/** Which part of the document. */
export type Part = HealthDocumentOptions["checks"];

/** What was seen by title, and how many rounds of requests it took until each verdict showed in them. */
export interface Story {
  readonly seen: ReadonlyMap<string, unknown>;
  readonly rounds: readonly number[];
}

/** Starts everything, goes through a part's steps, ends everything. */
export async function follow(part: Part, program: Program): Promise<Story> {
  const document = await HealthDocument.start({ program, checks: part });
  const seen = new Map<string, unknown>();
  try {
    for (const [title, see] of STEPS[part]) seen.set(title, await see(document));
    return { seen, rounds: document.rounds };
  } finally {
    await document.stop();
  }
}

async function seeWarming(document: HealthDocument): Promise<unknown> {
  await document.untilStat("health_check.attempt: 2");
  // A listener's statistics come with its worker, at times after the first probes.
  const stats = await document.untilStat("tracing.health_check: 0");
  // Starling's reasons stand between Envoy's word and the status.
  const lines = (await document.admin("/ready", "-w", "\n%{http_code}")).split("\n");
  const ready = [lines.at(0), lines.at(-1)];
  return { front: await document.curl(), ready, flags: await document.flags(), stats };
}

async function seeFirstRoundFailed(document: HealthDocument): Promise<unknown> {
  await document.live();
  return { flags: await document.flags(), stats: await document.healthStats() };
}

async function seePanic(document: HealthDocument): Promise<unknown> {
  await document.loopUntil("blue", "yellow");
  return (await document.admin("/stats?filter=lb_healthy_panic")).trim();
}

async function seeHealthy(document: HealthDocument): Promise<unknown> {
  const stats = await document.untilStat("health_check.healthy: 2");
  await document.loopUntil("blue", "yellow");
  return { stats, flags: await document.flags() };
}

async function seeFailure(document: HealthDocument): Promise<unknown> {
  const posted = await document.sidecar("blue", "/livez", "-X", "POST", "-d", "livez=FAIL", ...WITH_STATUS);
  const stats = await document.untilStat("health_check.healthy: 1");
  await document.loopUntil("yellow");
  const livez = await document.sidecar("blue", "/livez", ...WITH_STATUS);
  return { posted, livez, stats: settled(stats), flags: await document.flags() };
}

async function seeReturn(document: HealthDocument): Promise<unknown> {
  document.forgetAnswers("blue");
  const posted = await document.sidecar("blue", "/livez", "-X", "POST", "-d", "livez=OK", ...WITH_STATUS);
  const stats = await document.untilStat("health_check.healthy: 2");
  const passes = await document.untilAnswers("blue", "/livez", 200, 2);
  await document.loopUntil("blue", "yellow");
  // Envoy's workers hear of it late, so that more probes of the failing blue may have come before.
  const table = settled(stats).map((line) => line.replace(/\.failure: \d+/, ".failure: <n>"));
  return { posted, passes, stats: table, flags: await document.flags() };
}

async function seeFirstPass(document: HealthDocument): Promise<unknown> {
  await document.live();
  const stats = await document.healthStats();
  await document.loopUntil("blue", "yellow");
  return { stats, flags: await document.flags() };
}

async function seeOneFailure(document: HealthDocument): Promise<unknown> {
  await document.stopSidecar("blue");
  const stats = await document.untilStat("health_check.failure: 1");
  return { stats: settled(stats), flags: await document.flags() };
}

async function seeTwoFailures(document: HealthDocument): Promise<unknown> {
  const stats = await document.untilStat("health_check.healthy: 1");
  await document.loopUntil("yellow");
  return { stats: settled(stats), flags: await document.flags() };
}

async function seeSidecarBack(document: HealthDocument): Promise<unknown> {
  await document.startSidecar("blue");
  const stats = await document.untilStat("health_check.healthy: 2");
  await document.loopUntil("blue", "yellow");
  return { flags: await document.flags(), names: stats.map((line) => line.split(":")[0]) };
}

/** The health table without what grows with every round. */
function settled(stats: readonly string[]): string[] {
  return stats.map((line) => line.replace(/(attempt|success): \d+/, "$1: <n>"));
}

/** Lines of /clusters, with what counts requests and connections masked. */
export function maskedClusters(text: string): string[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => line.replace(/::((?:cx|rq)_\w+)::\d+$/, "::$1::<n>"));
}

const WITH_STATUS: readonly string[] = ["-w", "|%{http_code}"];

/** Part 4.1, HTTP checks, and part 4.2, TCP checks with a side-car that stops; each in the document's order. */
export const STEPS: Readonly<Record<Part, readonly Step[]>> = {
  http: [
    ["connections are refused while the first round is under way", seeWarming],
    ["the first round ends by its timeout, and the listener opens", seeFirstRoundFailed],
    ["none is healthy: both get requests", seePanic],
    ["two passes make them healthy", seeHealthy],
    ["/listeners", async (document) => document.withoutPorts(await document.admin("/listeners"))],
    ["/clusters", async (document) => maskedClusters(document.withoutPorts(await document.admin("/clusters")))],
    ["/livez", (document) => document.curl("/livez", ...WITH_STATUS)],
    ["livez=FAIL takes blue out at its first bad probe", seeFailure],
    ["livez=OK brings it back after two passes", seeReturn],
  ],
  tcp: [
    ["both pass their first probe", seeFirstPass],
    ["a side-car that stopped stays in for one failure", seeOneFailure],
    ["and is out after the second", seeTwoFailures],
    ["and comes back when it is started again", seeSidecarBack],
  ],
};
