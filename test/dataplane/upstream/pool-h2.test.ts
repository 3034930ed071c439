import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ClusterPlan } from "../../../src/config/plan/cluster.ts";
import type { Http2Plan } from "../../../src/config/plan/http-protocol.ts";
import { HTTP2_CODEC } from "../../../src/telemetry/codec-stats.ts";
import { clusterPlan, endpoint, upstreamTls } from "../../support/cluster-plans.ts";
import { httpDefaults } from "../../support/http-options.ts";
import { TestRequest, UpstreamBench } from "./support/upstream-bench.ts";

function bench(http2: Partial<Http2Plan> = {}, more: Partial<ClusterPlan> = {}): UpstreamBench {
  const http = { ...httpDefaults, http2: { ...httpDefaults.http2, ...http2 } };
  return new UpstreamBench([clusterPlan("c", [endpoint(80)], { protocol: "http2", http, ...more })]);
}

function codecStat(b: UpstreamBench, name: keyof typeof HTTP2_CODEC.at): number {
  return b.stats.block(HTTP2_CODEC, "cluster.c.http2.")[HTTP2_CODEC.at[name]] as number;
}

function finish(b: UpstreamBench): void {
  b.clock.advanceMs(3_700_000);
  b.assertClean();
  assert.equal(codecStat(b, "streams_active"), 0);
}

describe("HTTP/2 pool", () => {
  it("serves everybody who waits with one connection", () => {
    const b = bench();
    const all = Array.from({ length: 30 }, () => b.open());
    assert.equal(b.dialer.channels.length, 1);
    b.dialer.last().connect();
    assert.ok(all.every(({ outcome }) => outcome === "open"));
    assert.equal(b.stat("upstream_rq_active"), 30);
    assert.equal(b.stat("upstream_cx_http2_total"), 1);
    assert.equal(codecStat(b, "streams_active"), 30);
    assert.equal(codecStat(b, "nghttp2_upstream_connections"), 1);
    for (let i = 0; i < 30; i++) b.codecs.last().finish();
    finish(b);
  });

  it("opens a second connection when the first one is full by our own limit", () => {
    const b = bench({ concurrentStreamsMax: 2 });
    const all = [b.open(), b.open(), b.open()];
    assert.equal(b.dialer.channels.length, 2);
    b.dialer.channel(0).connect();
    assert.deepEqual(
      all.map(({ outcome }) => outcome),
      ["open", "open", "waiting"],
    );
    b.dialer.channel(1).connect();
    assert.equal(all[2]?.stream?.channel, b.dialer.channel(1));
    for (const i of [0, 0, 1]) b.codecs.codec(i).finish();
    finish(b);
  });

  it("keeps to the peer's limit when SETTINGS bring one, and uses what becomes free", () => {
    const b = bench();
    b.openNow();
    b.codecs.last().allow(1);
    const second = b.open();
    assert.equal(second.outcome, "waiting");
    b.codecs.last().allow(2);
    assert.equal(second.outcome, "open");
    const third = b.open();
    assert.equal(third.outcome, "waiting");
    b.codecs.codec(0).finish();
    assert.equal(third.stream?.channel, b.dialer.channel(0));
    b.dialer.channel(1).connect();
    b.codecs.codec(0).finish();
    b.codecs.codec(0).finish();
    finish(b);
  });

  it("survives a peer that takes its limit below what is open", () => {
    const b = bench();
    for (let i = 0; i < 3; i++) b.openNow();
    b.codecs.last().allow(1);
    for (let i = 0; i < 2; i++) b.codecs.codec(0).finish();
    const next = b.open();
    assert.equal(next.outcome, "waiting");
    b.codecs.codec(0).finish();
    assert.equal(next.outcome, "open");
    b.codecs.codec(0).finish();
    b.dialer.last().connect();
    finish(b);
  });

  it("takes no new request after GOAWAY, lets the open ones finish and connects anew", () => {
    const b = bench();
    const first = b.openNow();
    b.codecs.codec(0).announceEnd();
    assert.equal(b.stat("upstream_cx_close_notify"), 1);
    const second = b.openNow();
    assert.notEqual(second.stream?.channel, first.stream?.channel);
    b.codecs.codec(0).finish();
    assert.equal(b.dialer.channel(0).isGone, true);
    assert.equal(b.stat("upstream_cx_destroy_local"), 1);
    assert.equal(b.stat("upstream_cx_destroy_with_active_rq"), 0);
    b.codecs.codec(1).finish();
    finish(b);
  });

  it("closes an idle connection that says GOAWAY", () => {
    const b = bench();
    b.openNow();
    b.codecs.last().finish();
    b.codecs.last().announceEnd();
    assert.equal(b.dialer.open(), 0);
    finish(b);
  });

  it("lets a retry from the middle of a dying connection find another one", () => {
    const b = bench();
    const retry = new TestRequest();
    const first = b.openNow();
    const second = b.openNow();
    first.onFailure = () => b.cluster().open(retry);
    b.codecs.last().fail("http2.protocol_error");
    assert.deepEqual([first.outcome, second.outcome, retry.outcome], ["fault", "fault", "waiting"]);
    assert.equal(b.stat("upstream_cx_protocol_error"), 1);
    assert.equal(b.stat("upstream_rq_tx_reset"), 0);
    b.dialer.last().connect();
    assert.equal(retry.outcome, "open");
    b.codecs.last().finish();
    finish(b);
  });

  it("counts a protocol error as Envoy: the open request was reset by us, the connection had none", () => {
    const b = bench();
    b.openNow();
    b.dialer.last().bytesRead = 0;
    b.codecs.last().onReceive = () => b.codecs.last().fail("http2.protocol_error");
    b.dialer.last().receive("HTTP/1.1 400 Bad Request\r\n\r\n");
    assert.deepEqual(b.used(), {
      upstream_cx_total: 1,
      upstream_cx_http2_total: 1,
      upstream_cx_destroy: 1,
      upstream_cx_destroy_local: 1,
      upstream_cx_protocol_error: 1,
      upstream_rq_pending_total: 1,
      upstream_rq_total: 1,
      upstream_rq_tx_reset: 1,
    });
    finish(b);
  });

  it("counts requests that a broken connection took with it", () => {
    const rows = [
      (b: UpstreamBench) => b.dialer.last().break({ kind: "reset", text: "" }),
      (b: UpstreamBench) => b.dialer.last().receiveEnd(),
    ];
    for (const act of rows) {
      const b = bench();
      const all = [b.openNow(), b.openNow()];
      act(b);
      assert.ok(all.every(({ fault }) => fault?.kind === "connection_closed"));
      assert.equal(b.stat("upstream_cx_destroy_remote_with_active_rq"), 1);
      assert.equal(b.stat("upstream_rq_active"), 0);
      finish(b);
    }
  });

  it("keeps the connection when one stream is reset, and counts the reset", () => {
    const b = bench();
    const first = b.openNow();
    const second = b.openNow();
    first.stream?.writer.reset(8);
    assert.equal(b.stat("upstream_rq_active"), 1);
    assert.equal(second.outcome, "open");
    assert.equal(b.dialer.open(), 1);
    b.codecs.last().finish();
    assert.equal(b.stat("upstream_rq_tx_reset"), 1);
    assert.equal(codecStat(b, "tx_reset"), 1);
    finish(b);
  });

  it("ends a connection after max_requests_per_connection when its last request is over", () => {
    const b = bench({}, { requestsPerConnectionMax: 2 });
    const all = [b.open(), b.open(), b.open()];
    assert.equal(b.dialer.channels.length, 2);
    b.dialer.channel(0).connect();
    b.dialer.channel(1).connect();
    assert.ok(all.every(({ outcome }) => outcome === "open"));
    b.codecs.codec(0).finish();
    assert.equal(b.dialer.channel(0).isGone, false);
    b.codecs.codec(0).finish();
    assert.equal(b.dialer.channel(0).isGone, true);
    assert.equal(b.stat("upstream_cx_max_requests"), 1);
    b.codecs.codec(1).finish();
    finish(b);
  });

  describe("connection keepalive", () => {
    const keepalive = { intervalMs: 1_000, timeoutMs: 500, jitterPercent: 0, idleIntervalMs: Number.POSITIVE_INFINITY };

    it("pings every interval while the peer answers", () => {
      const b = bench({ keepalive }, { idleTimeoutMs: 3_500 });
      b.openNow();
      b.codecs.last().finish();
      for (const second of [1, 2, 3]) {
        b.clock.advanceMs(1_100);
        assert.equal(b.codecs.last().pings, second);
        b.codecs.last().awaitsPong = false;
        b.dialer.last().receive("pong");
      }
      finish(b);
    });

    it("closes a connection whose peer says nothing within the timeout", () => {
      const b = bench({ keepalive });
      const request = b.openNow();
      b.clock.advanceMs(1_450);
      assert.equal(request.outcome, "open");
      b.clock.advanceMs(100);
      assert.equal(request.fault?.kind, "connection_closed");
      assert.equal(codecStat(b, "keepalive_timeout"), 1);
      assert.equal(b.stat("upstream_cx_destroy_local_with_active_rq"), 1);
      finish(b);
    });

    it("asks before a request on a connection that was silent for long, and not on one that was not", () => {
      const none = Number.POSITIVE_INFINITY;
      const b = bench({ keepalive: { ...keepalive, intervalMs: none, idleIntervalMs: 2_000 } });
      b.openNow();
      b.codecs.last().finish();
      b.clock.advanceMs(1_500);
      b.dialer.last().receive("data");
      b.clock.advanceMs(1_500);
      b.open();
      assert.equal(b.codecs.last().pings, 0);
      b.codecs.last().finish();
      b.clock.advanceMs(1_000);
      const request = b.open();
      assert.equal(b.codecs.last().pings, 1);
      b.clock.advanceMs(600);
      assert.equal(request.fault?.details, "http2.ping_timeout");
      finish(b);
    });
  });

  describe("protocol of the cluster", () => {
    it("is the request's when the cluster follows the downstream", () => {
      const b = bench({}, { protocol: "downstream" });
      b.open({ downstreamProtocol: "http2" });
      b.dialer.last().connect();
      b.open({ downstreamProtocol: "http1" });
      b.dialer.last().connect();
      assert.deepEqual(
        b.codecs.made.map(({ protocol }) => protocol),
        ["http2", "http1"],
      );
      for (const codec of b.codecs.made) codec.finish();
      finish(b);
    });

    it("is what the handshake chose when the cluster says alpn", () => {
      for (const [alpn, protocol] of [
        ["h2", "http2"],
        ["http/1.1", "http1"],
        ["", "http1"],
      ] as const) {
        const b = bench({}, { protocol: "alpn", tls: upstreamTls });
        const all = [b.open(), b.open()];
        assert.deepEqual(b.dialer.targets[0]?.tls?.alpn, ["h2", "http/1.1"]);
        b.dialer.channel(0).connect(alpn);
        assert.equal(all[0]?.stream?.protocol, protocol);
        assert.equal(b.stat(`upstream_cx_${protocol}_total`), 1);
        // One connection was expected to serve both; HTTP/1 cannot, so a second one was begun.
        for (const channel of b.dialer.channels.slice(1)) channel.connect(alpn);
        assert.equal(b.dialer.channels.length, protocol === "http2" ? 1 : 2);
        assert.equal(all[1]?.outcome, "open");
        for (const codec of b.codecs.made) while (codec.openExchanges() > 0) codec.finish();
        finish(b);
      }
    });
  });
});
