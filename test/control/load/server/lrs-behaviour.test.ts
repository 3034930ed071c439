import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { type LoadAskPlan, LRS_SERVER_DEFAULT } from "../../../../src/config/plan/lrs-server.ts";
import { NODES_MAX, STREAMS_MAX, UNWRITTEN_MAX } from "../../../../src/control/load/server/limits.ts";
import { emptyLrsState, type LrsState, loadReportServer } from "../../../../src/control/load/server/lrs-behaviour.ts";
import type { LrsEffect, LrsMessage } from "../../../../src/control/load/server/lrs-events.ts";
import { readLoadMessage } from "../../../../src/control/load/server/read-message.ts";
import { clusterStats, type LrsJson, loadRequest, withIdle } from "../../../support/lrs-client.ts";

const A: LrsJson = { id: "a", cluster: "web" };
const ACK = { client_features: ["starling.lrs.ack.v1"] };
const OTHER: LoadAskPlan = { all: true, clusters: [], intervalMs: 500, byEndpoint: false };

let state: LrsState;

function hear(message: LrsMessage): string[] {
  return loadReportServer.step(state, message, 0).map(textOf as (effect: { readonly type: string }) => string);
}

function textOf(effect: LrsEffect): string {
  switch (effect.type) {
    case "respond":
      return `${effect.stream} is asked for ${effect.ask.all ? "all" : effect.ask.clusters} each ${effect.ask.intervalMs}`;
    case "end-stream":
      return `${effect.stream} ends: ${effect.code}, ${effect.text}`;
    case "keep":
      return `keep ${effect.report.node} ${effect.report.identity?.sequence ?? "-"}`;
    case "tell":
      return `tell ${effect.event.type}${effect.event.type === "note" ? `: ${effect.event.text}` : ""}`;
  }
}

function send(stream: number, request: LrsJson): string[] {
  return sendBytes(stream, loadRequest(request));
}

function sendBytes(stream: number, bytes: Uint8Array): string[] {
  return hear({ type: "requested", stream, message: readLoadMessage(bytes) });
}

function join(stream: number, node: LrsJson = A): string[] {
  hear({ type: "stream-opened", stream, peer: "127.0.0.1:1" });
  return send(stream, { node });
}

/** Of a numbered node. */
function numbered(sequence: number, more: LrsJson = {}): LrsJson {
  return { ...A, metadata: { "starling.instance": "i", "starling.sequence": sequence }, ...more };
}

function successes(cluster = "c"): number {
  return state.totals.clusters.get(cluster)?.sums.success ?? 0;
}

describe("the behaviour of a server of load reports", () => {
  beforeEach(() => {
    state = emptyLrsState();
  });

  it("asks a client for local_service every 2 s at its first message, and says what it has put into its cache", () => {
    assert.deepEqual(join(1), ["tell node-added", "1 is asked for local_service each 2000", "tell asked"]);
    assert.deepEqual(join(2, { id: "b", cluster: "web" }), [
      "tell node-added",
      "2 is asked for local_service each 2000",
      "tell asked",
    ]);
    assert.equal(state.nodes.size, 2);
  });

  it("counts each report once, keeps it, and tells of clusters in which something happened", () => {
    join(1);
    const busy = { node: A, cluster_stats: [clusterStats("c", 3)] };
    assert.deepEqual(sendBytes(1, withIdle(busy, "idle")), ["keep a -", "tell stats"]);
    assert.deepEqual(send(1, { cluster_stats: [clusterStats("c", 4)] }), ["keep a -", "tell stats"]);
    assert.deepEqual(sendBytes(1, withIdle({}, "idle")), []);
    assert.equal(successes(), 7);
    assert.equal(state.counts.reports, 3);
  });

  it("counts what comes with the first message of a stream, as Envoy sends it after a broken one", () => {
    join(1);
    hear({ type: "stream-closed", stream: 1 });
    hear({ type: "stream-opened", stream: 2, peer: "" });
    const effects = send(2, { node: A, cluster_stats: [clusterStats("c", 5)] });
    assert.deepEqual(effects, ["2 is asked for local_service each 2000", "tell asked", "keep a -", "tell stats"]);
    assert.equal(successes(), 5);
  });

  it("drops a numbered report that it has counted, on whatever stream it comes again", () => {
    join(1);
    send(1, { node: numbered(1), cluster_stats: [clusterStats("c", 3)] });
    send(1, { node: numbered(2), cluster_stats: [clusterStats("c", 4)] });
    join(2);
    assert.deepEqual(send(2, { node: numbered(2), cluster_stats: [clusterStats("c", 4)] }), [
      "tell note: Dropped report 2 from cluster `web` node `a`: it is counted already",
    ]);
    send(2, { node: numbered(3), cluster_stats: [clusterStats("c", 5)] });
    assert.equal(successes(), 12);
    assert.equal(state.counts.reports_repeated, 1);
  });

  it("finds the shares of nodes in a merged report that another reporter has sent already", () => {
    const share = (node: string, sequence: number, success: number): LrsJson => ({
      ...{ node, instance: `i-${node}`, sequence },
      clusters: [
        { cluster: "c", localities: [{ zone: "z", success, endpoints: { "10.0.0.1:80": [success, 0, 0, 0] } }] },
      ],
    });
    const mesh = (...shares: LrsJson[]): LrsJson => ({ id: "mesh", metadata: { "starling.nodes": shares } });
    join(1, { id: "mesh" });
    send(1, { node: mesh(share("a", 1, 10), share("b", 1, 20)), cluster_stats: [clusterStats("c", 30)] });
    join(2, { id: "mesh" });
    const effects = send(2, {
      node: mesh(share("a", 1, 10), share("b", 2, 7)),
      cluster_stats: [clusterStats("c", 17, { load_report_interval: "1s" })],
    });
    assert.deepEqual(effects, [
      "tell note: Dropped report 1 from cluster `` node `a`: it is counted already",
      "keep b 2",
      "tell stats",
    ]);
    assert.equal(successes(), 37);
    const [locality] = state.totals.clusters.get("c")?.localities.values() ?? [];
    assert.equal(locality?.zone, "z");
    assert.equal(locality.endpoints.get("10.0.0.1:80")?.sums.success, 37);
  });

  it("answers each report of a client that counts answers, after it is kept, and no first message twice", () => {
    hear({ type: "stream-opened", stream: 1, peer: "" });
    assert.equal(send(1, { node: { ...A, ...ACK } }).filter((text) => text.startsWith("1 is asked")).length, 1);
    const report = { node: numbered(1, ACK), cluster_stats: [clusterStats("c", 3)] };
    const asked = "1 is asked for local_service each 2000";
    assert.deepEqual(send(1, report), ["keep a 1", "tell stats", asked]);
    assert.deepEqual(send(1, report).slice(-1), [asked]);
    assert.deepEqual(send(1, { node: numbered(2, ACK) }), [asked]);
    assert.equal(state.counts.acknowledgements, 3);
    hear({ type: "stream-opened", stream: 2, peer: "" });
    const again = send(2, { node: numbered(3, ACK), cluster_stats: [clusterStats("c", 1)] });
    assert.equal(again.filter((text) => text.startsWith("2 is asked")).length, 2);
    hear({ type: "stream-opened", stream: 3, peer: "" });
    assert.deepEqual(
      send(3, { node: numbered(4, ACK) }),
      [asked, "tell asked", asked].map((text) => text.replace("1 is", "3 is")),
    );
  });

  it("tells a client at once what a new file asks of it, but one that counts answers with the next", () => {
    join(1);
    join(2, { id: "b", ...ACK });
    join(3, { id: "c" });
    const exact = { kind: "exact", value: "c", ignoreCase: false } as const;
    const nodes = [{ id: exact, cluster: null, ask: LRS_SERVER_DEFAULT.ask }];
    const plan = { nodes, ask: OTHER };
    assert.deepEqual(hear({ type: "plan-assigned", plan }), ["1 is asked for all each 500", "tell asked"]);
    assert.deepEqual(hear({ type: "plan-assigned", plan }), []);
    assert.deepEqual(send(2, { node: { id: "b" } }), ["2 is asked for all each 500", "tell asked"]);
    assert.deepEqual(send(2, { node: { id: "b" } }), ["2 is asked for all each 500"]);
  });

  it("forgets what a stream had under way when it ends or says otherwise, and nothing else", () => {
    const busy = (active: number) => ({
      cluster_name: "c",
      upstream_locality_stats: [{ locality: {}, total_requests_in_progress: active, total_successful_requests: 1 }],
    });
    const active = () => state.totals.clusters.get("c")?.sums.active;
    join(1);
    join(2, { id: "b" });
    send(1, { cluster_stats: [busy(3)] });
    send(2, { cluster_stats: [busy(4)] });
    assert.equal(active(), 7);
    send(1, { cluster_stats: [busy(1)] });
    assert.equal(active(), 5);
    hear({ type: "stream-closed", stream: 2 });
    assert.equal(active(), 1);
    sendBytes(1, withIdle({}, "c"));
    assert.equal(active(), 0);
    assert.equal(successes(), 3);
  });

  it("ends a stream that sends anything else, and forgets it", () => {
    join(1);
    assert.deepEqual(hear({ type: "requested", stream: 1, message: null }), [
      "1 ends: invalid, no LoadStatsRequest",
      "tell note: Ended the stream of 127.0.0.1:1: no LoadStatsRequest",
    ]);
    assert.equal(state.streams.size, 0);
    assert.deepEqual(send(1, { node: A }), []);
  });

  it("ends a stream whose answers are not read", () => {
    join(1, { ...A, ...ACK });
    for (let i = 1; i < UNWRITTEN_MAX; i++) send(1, {});
    assert.equal(state.streams.size, 1);
    hear({ type: "written", stream: 1 });
    send(1, {});
    assert.equal(state.streams.size, 1);
    assert.deepEqual(send(1, {}).slice(-2), [
      "1 ends: exhausted, responses are not read",
      "tell note: Ended the stream of 127.0.0.1:1: responses are not read",
    ]);
  });

  it("refuses streams beyond its limit, and forgets clients that are gone before those that are there", () => {
    for (let i = 0; i < STREAMS_MAX; i++) join(i, { id: `n${i}` });
    const more = hear({ type: "stream-opened", stream: -1, peer: "" });
    assert.deepEqual(more, [`-1 ends: exhausted, more than ${STREAMS_MAX} streams`]);
    assert.equal(state.counts.streams_refused, 1);
    for (let i = 0; i < NODES_MAX; i++) {
      hear({ type: "stream-closed", stream: 10_000 + i - 1 });
      hear({ type: "stream-closed", stream: 0 });
      join(10_000 + i, { id: `m${i}` });
    }
    assert.equal(state.nodes.size, NODES_MAX);
    const known = new Set([...state.nodes.all()].map(({ id }) => id));
    assert.ok(known.has("n1") && !known.has("n0") && !known.has("m0") && known.has(`m${NODES_MAX - 1}`));
  });

  it("goes on from kept reports, each of them once", () => {
    const report = {
      ...{ node: "a", nodeCluster: "web", identity: { instance: "i", sequence: 4 } },
      clusters: readLoadMessage(loadRequest({ cluster_stats: [clusterStats("c", 9)] }))?.clusters ?? [],
    };
    hear({ type: "restored", report });
    hear({ type: "restored", report });
    assert.equal(successes(), 9);
    join(1);
    send(1, { node: numbered(4), cluster_stats: [clusterStats("c", 9)] });
    assert.equal(successes(), 9);
  });
});
