// A server of load reports: whom it asks for what, what it counts, and what it answers. State in place, orders in lrs-events.ts; no sockets,
// no bytes, no clock. Called by lrs-actor.ts.
import type { Behaviour, TimerEffect, TimerFired } from "../../../actor/behaviour.ts";
import { equalData } from "../../../base/equal-data.ts";
import { type LoadAskPlan, LRS_SERVER_DEFAULT, type LrsServerPlan } from "../../../config/plan/lrs-server.ts";
import { type TextTest, textTest } from "../../../config/plan/text-test.ts";
import { type KnownNode, KnownNodes } from "./known-nodes.ts";
import { STREAMS_MAX, UNWRITTEN_MAX } from "./limits.ts";
import type { LoadMessage, ReportedCluster, ReportingNode } from "./load-report.ts";
import type { CountedReport, LrsEffect, LrsEvent, LrsMessage } from "./lrs-events.ts";
import { SeenReports } from "./seen-reports.ts";
import { LoadTotals, type StreamGauges } from "./totals.ts";

/** The counters, as /stats names them after `lrs_server.`. */
export const LRS_STATS = [
  "streams_total",
  "streams_refused",
  "streams_ended",
  "messages",
  "messages_malformed",
  "reports",
  "reports_repeated",
  "reports_restored",
  "responses",
  "acknowledgements",
] as const;

/** One of them. */
export type LrsStat = (typeof LRS_STATS)[number];

/** What the server knows. */
export interface LrsState {
  rules: Rules;
  readonly streams: Map<number, LrsStream>;
  readonly nodes: KnownNodes;
  readonly totals: LoadTotals;
  readonly seen: SeenReports;
  readonly counts: Record<LrsStat, number>;
}

/** A server that knows nothing and asks as the document's does. */
export function emptyLrsState(): LrsState {
  return {
    rules: rulesOf(LRS_SERVER_DEFAULT),
    streams: new Map(),
    nodes: new KnownNodes(),
    totals: new LoadTotals(),
    seen: new SeenReports(),
    counts: Object.fromEntries(LRS_STATS.map((stat) => [stat, 0])) as Record<LrsStat, number>,
  };
}

/** The behaviour. */
export const loadReportServer: Behaviour<LrsState, LrsMessage, LrsEffect | TimerEffect> = {
  name: "lrs-server",
  laneOf: () => "work",
  step,
};

/** One client's stream. */
interface LrsStream {
  readonly peer: string;
  /** Null before its first message. */
  client: Client | null;
  readonly gauges: StreamGauges;
  /** Responses that are not with the kernel. */
  unwritten: number;
}

interface Client {
  readonly node: KnownNode;
  readonly wantsAck: boolean;
  readonly skipsFirst: boolean;
  ask: LoadAskPlan;
  /** It was not told yet: with clients that count responses a change goes with the next acknowledgement. */
  isUntold: boolean;
}

function step(state: LrsState, message: LrsMessage | TimerFired): readonly LrsEffect[] {
  switch (message.type) {
    case "plan-assigned":
      return assign(state, message.plan);
    case "stream-opened":
      return open(state, message.stream, message.peer);
    case "requested":
      return hear(state, message.stream, message.message);
    case "written": {
      const stream = state.streams.get(message.stream);
      if (stream !== undefined) stream.unwritten--;
      return [];
    }
    case "stream-closed":
      forget(state, message.stream);
      return [];
    case "restored":
      restore(state, message.report);
      return [];
    case "timer-fired":
      return [];
  }
}

function assign(state: LrsState, plan: LrsServerPlan): LrsEffect[] {
  state.rules = rulesOf(plan);
  const effects: LrsEffect[] = [];
  for (const [number, stream] of state.streams) {
    const { client } = stream;
    if (client === null) continue;
    const ask = askOf(state.rules, client.node);
    if (equalData(ask, client.ask)) continue;
    client.ask = ask;
    client.isUntold = true;
    if (!client.wantsAck) effects.push(...respond(state, number, stream, client));
  }
  return effects;
}

function open(state: LrsState, number: number, peer: string): LrsEffect[] {
  if (state.streams.size >= STREAMS_MAX) {
    state.counts.streams_refused++;
    return [{ type: "end-stream", stream: number, code: "exhausted", text: `more than ${STREAMS_MAX} streams` }];
  }
  state.counts.streams_total++;
  state.streams.set(number, { peer, client: null, gauges: new Map(), unwritten: 0 });
  return [];
}

function hear(state: LrsState, number: number, message: LoadMessage | null): LrsEffect[] {
  const stream = state.streams.get(number);
  if (stream === undefined) return [];
  state.counts.messages++;
  if (message === null) {
    state.counts.messages_malformed++;
    return endStream(state, number, { code: "invalid", text: "no LoadStatsRequest" });
  }
  const effects: LrsEffect[] = [];
  const isFirst = stream.client === null;
  stream.client ??= join(state, message.node ?? NOBODY, effects);
  const { client } = stream;
  if (isFirst) effects.push(...respond(state, number, stream, client));
  const isReport = !isFirst || message.clusters.length > 0 || isNumbered(message);
  if (!isReport) return effects;
  count(state, stream, client, message, effects);
  if (!client.wantsAck) return effects;
  state.counts.acknowledgements++;
  effects.push(...respond(state, number, stream, client));
  if (stream.unwritten <= UNWRITTEN_MAX) return effects;
  return [...effects, ...endStream(state, number, { code: "exhausted", text: "responses are not read" })];
}

/** A report of which every cluster is unknown is one too: its author waits for the answer. */
function isNumbered({ node }: LoadMessage): boolean {
  return node !== null && (node.identity !== null || node.shares !== null);
}

/** A stream's client is known from its first message. */
function join(state: LrsState, { id, cluster, wantsAck, skipsFirst }: ReportingNode, effects: LrsEffect[]): Client {
  const { node, isNew } = state.nodes.join(cluster, id);
  if (isNew !== "no") effects.push(tell({ type: "node-added", cluster, node: id, isFirst: isNew === "cluster" }));
  return { node, wantsAck, skipsFirst, ask: askOf(state.rules, node), isUntold: true };
}

/** What is counted already is told and left out; what is under way is what the newest message says. */
function count(state: LrsState, stream: LrsStream, { node }: Client, message: LoadMessage, effects: LrsEffect[]): void {
  const { id, cluster } = node;
  const shares = message.node?.shares ?? [
    { node: id, identity: message.node?.identity ?? null, clusters: message.clusters },
  ];
  const fresh = shares.filter((share) => share.identity === null || state.seen.add(share.identity));
  for (const { node: author, identity } of shares.filter((share) => !fresh.includes(share))) {
    state.counts.reports_repeated++;
    const number = identity?.sequence ?? 0;
    effects.push(
      note(`Dropped report ${number} from cluster \`${cluster}\` node \`${author}\`: it is counted already`),
    );
  }
  if (fresh.length === 0 && shares.length > 0) return;
  state.counts.reports++;
  state.nodes.heard(node);
  state.totals.show(message.clusters, stream.gauges);
  for (const { node: author, identity, clusters } of fresh) {
    state.totals.add(clusters);
    if (!clusters.some(hasNews)) continue;
    effects.push({ type: "keep", report: { node: author, nodeCluster: cluster, identity, clusters } });
  }
  message.clusters.forEach((stats, i) => {
    if (hasNews(stats))
      effects.push(tell({ type: "stats", cluster, node: id, stats, raw: message.raw[i] as Uint8Array }));
  });
}

/** An idle cluster is not told of, as the document's server does it. */
function hasNews({ localities, droppedTotal }: ReportedCluster): boolean {
  return localities.length > 0 || droppedTotal > 0;
}

function restore(state: LrsState, { identity, clusters }: CountedReport): void {
  state.counts.reports_restored++;
  if (identity === null || state.seen.add(identity)) state.totals.add(clusters);
}

/** Told in the log when the client hears it for the first time. */
function respond(state: LrsState, number: number, stream: LrsStream, client: Client): LrsEffect[] {
  const { ask, node, isUntold, skipsFirst } = client;
  stream.unwritten++;
  client.isUntold = false;
  state.counts.responses++;
  const effects: LrsEffect[] = [{ type: "respond", stream: number, ask: skipsFirst ? withFirst(ask) : ask }];
  if (isUntold) effects.push(tell({ type: "asked", cluster: node.cluster, node: node.id, ask }));
  return effects;
}

/** The first name is one that no cluster has. */
function withFirst(ask: LoadAskPlan): LoadAskPlan {
  return ask.all ? ask : { ...ask, clusters: ["", ...ask.clusters] };
}

function endStream(state: LrsState, number: number, why: { code: "exhausted" | "invalid"; text: string }): LrsEffect[] {
  const peer = state.streams.get(number)?.peer ?? "";
  forget(state, number);
  state.counts.streams_ended++;
  return [{ type: "end-stream", stream: number, ...why }, note(`Ended the stream of ${peer}: ${why.text}`)];
}

function forget(state: LrsState, number: number): void {
  const stream = state.streams.get(number);
  if (stream === undefined) return;
  state.streams.delete(number);
  state.totals.release(stream.gauges);
  if (stream.client !== null) state.nodes.leave(stream.client.node);
}

interface Rules {
  readonly nodes: readonly { readonly id: TextTest; readonly cluster: TextTest; readonly ask: LoadAskPlan }[];
  readonly ask: LoadAskPlan;
}

function rulesOf({ nodes, ask }: LrsServerPlan): Rules {
  const any: TextTest = () => true;
  const ready = nodes.map((rule) => ({
    id: rule.id === null ? any : textTest(rule.id),
    cluster: rule.cluster === null ? any : textTest(rule.cluster),
    ask: rule.ask,
  }));
  return { nodes: ready, ask };
}

function askOf({ nodes, ask }: Rules, { id, cluster }: KnownNode): LoadAskPlan {
  return nodes.find((rule) => rule.id(id) && rule.cluster(cluster))?.ask ?? ask;
}

function tell(event: LrsEvent): LrsEffect {
  return { type: "tell", event };
}

function note(text: string): LrsEffect {
  return tell({ type: "note", text });
}

const NOBODY: ReportingNode = { id: "", cluster: "", wantsAck: false, skipsFirst: false, identity: null, shares: null };
