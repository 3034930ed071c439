import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ClusterPlan } from "../../../src/config/plan/cluster.ts";
import type { NetFault } from "../../../src/net/channel.ts";
import { clusterPlan, endpoint } from "../../support/cluster-plans.ts";
import { TestRequest, UpstreamBench } from "./support/upstream-bench.ts";

const REFUSED: NetFault = { kind: "connect-refused", text: "delayed_connect_error:_Connection_refused" };
const TIMED_OUT: NetFault = { kind: "connect-timeout", text: "" };

function bench(more: Partial<ClusterPlan> = {}): UpstreamBench {
  return new UpstreamBench([clusterPlan("c", [endpoint(80)], more)]);
}

/** Ends the test: idle connections are closed by their idle time, nothing may be left. */
function finish(b: UpstreamBench): void {
  b.clock.advanceMs(3_700_000);
  b.assertClean();
}

describe("HTTP/1 pool", () => {
  describe("connects and reuses", () => {
    it("opens a stream when the first connection stands", () => {
      const b = bench();
      const request = b.open();
      assert.equal(request.outcome, "waiting");
      assert.deepEqual(b.used(), {
        upstream_cx_total: 1,
        upstream_cx_http1_total: 1,
        upstream_rq_pending_total: 1,
        upstream_cx_active: 1,
        upstream_rq_pending_active: 1,
      });
      b.clock.advanceMs(20);
      b.dialer.last().connect();
      assert.equal(request.outcome, "open");
      assert.equal(request.stream?.reused, false);
      assert.equal(b.stat("upstream_rq_active"), 1);
      assert.equal(b.stat("upstream_rq_pending_active"), 0);
      b.codecs.last().finish();
      assert.equal(b.stat("upstream_rq_active"), 0);
      finish(b);
    });

    it("uses the connection that was used last and says that it is reused", () => {
      const b = bench();
      b.open();
      b.open();
      b.dialer.channel(0).connect();
      b.dialer.channel(1).connect();
      b.codecs.codec(1).finish();
      b.codecs.codec(0).finish();
      const third = b.open();
      assert.equal(third.stream?.channel, b.dialer.channel(0));
      assert.equal(third.stream?.reused, true);
      assert.equal(b.stat("upstream_cx_total"), 2);
      b.codecs.codec(0).finish();
      finish(b);
    });

    it("gives a waiting request the connection that becomes free before its own stands", () => {
      const b = bench();
      const first = b.openNow();
      const second = b.open();
      assert.equal(second.outcome, "waiting");
      b.codecs.codec(0).finish();
      assert.equal(second.outcome, "open");
      assert.equal(second.stream?.channel, first.stream?.channel);
      b.dialer.channel(1).connect();
      b.codecs.codec(0).finish();
      finish(b);
    });

    it("serves waiting requests in the order in which they came", () => {
      const b = bench();
      const all = [b.open(), b.open(), b.open()];
      b.dialer.channel(2).connect();
      assert.deepEqual(
        all.map(({ outcome }) => outcome),
        ["open", "waiting", "waiting"],
      );
      b.codecs.last().finish();
      assert.equal(all[1]?.outcome, "open");
      b.codecs.last().finish();
      b.codecs.last().finish();
      b.dialer.channel(0).connect();
      b.dialer.channel(1).connect();
      finish(b);
    });

    it("passes the endpoint, the connect timeout and the source address to the dialler", () => {
      const b = bench({ connectTimeoutMs: 250, bindAddress: "127.0.0.9" });
      b.open();
      assert.deepEqual(b.dialer.targets[0], {
        address: { kind: "socket", host: "127.0.0.1", port: 80, ipv4Compat: false },
        connectTimeoutMs: 250,
        bindAddress: "127.0.0.9",
        keepaliveS: 0,
        tls: null,
        serverName: "",
      });
      b.dialer.last().break(REFUSED);
      finish(b);
    });
  });

  describe("fails attempts", () => {
    it("tells everybody who waits when a connection is refused, as Envoy does", () => {
      const b = bench();
      const all = [b.open(), b.open()];
      b.dialer.channel(0).break(REFUSED);
      for (const request of all) {
        assert.equal(request.failure?.kind, "connection_failure");
        assert.equal(request.failure?.transportText, "delayed_connect_error:_Connection_refused");
        assert.equal(request.failure?.endpoint?.text, "127.0.0.1:80");
      }
      b.dialer.channel(1).break(REFUSED);
      assert.deepEqual(b.used(), {
        upstream_cx_total: 2,
        upstream_cx_http1_total: 2,
        upstream_cx_connect_fail: 2,
        upstream_cx_destroy: 2,
        upstream_cx_destroy_remote: 2,
        upstream_rq_pending_total: 2,
        upstream_rq_pending_failure_eject: 2,
      });
      assert.deepEqual(b.hostStats(80), {
        cx_connect_fail: 2,
        cx_total: 2,
        rq_error: 0,
        rq_success: 0,
        rq_timeout: 0,
        rq_total: 0,
        cx_active: 0,
        rq_active: 0,
        rq_pending_active: 0,
      });
      finish(b);
    });

    it("counts a connect timeout as Envoy does", () => {
      const b = bench();
      const request = b.open();
      b.dialer.last().break(TIMED_OUT);
      assert.deepEqual([request.failure?.kind, request.failure?.transportText], ["connection_timeout", ""]);
      assert.deepEqual(b.used(), {
        upstream_cx_total: 1,
        upstream_cx_http1_total: 1,
        upstream_cx_connect_fail: 1,
        upstream_cx_connect_timeout: 1,
        upstream_cx_destroy: 1,
        upstream_cx_destroy_local: 1,
        upstream_rq_pending_total: 1,
        upstream_rq_pending_failure_eject: 1,
      });
      finish(b);
    });

    it("does not fail a retry together with the attempt that it retries", () => {
      const b = bench();
      const retry = new TestRequest();
      const first = b.open();
      first.onFailure = () => b.cluster().open(retry);
      const second = b.open();
      b.dialer.channel(0).break(REFUSED);
      assert.deepEqual([first.outcome, second.outcome, retry.outcome], ["failed", "failed", "waiting"]);
      b.dialer.channel(1).connect();
      assert.equal(retry.outcome, "open");
      b.codecs.last().finish();
      finish(b);
    });

    it("forgets a request that is cancelled in the middle of a failing attempt", () => {
      const b = bench();
      const first = b.open();
      const second = b.open();
      first.onFailure = () => b.cluster().cancel(second);
      b.dialer.channel(0).break(REFUSED);
      assert.deepEqual([first.outcome, second.outcome], ["failed", "waiting"]);
      assert.equal(b.stat("upstream_rq_cancelled"), 1);
      b.dialer.channel(1).break(REFUSED);
      finish(b);
    });

    it("keeps the connection that a cancelled request waited for", () => {
      const b = bench();
      const request = b.open();
      b.cluster().cancel(request);
      assert.equal(b.stat("upstream_rq_pending_active"), 0);
      b.dialer.last().connect();
      const next = b.open();
      assert.equal(next.outcome, "open");
      b.codecs.last().finish();
      finish(b);
    });

    it("does nothing when a request is cancelled that is open or over", () => {
      const b = bench();
      const request = b.openNow();
      b.cluster().cancel(request);
      b.codecs.last().finish();
      b.cluster().cancel(request);
      assert.equal(b.stat("upstream_rq_cancelled"), 0);
      finish(b);
    });
  });

  it("counts bytes and the time of connecting and living", () => {
    const b = bench();
    b.open();
    b.clock.advanceMs(30);
    b.dialer.last().connect();
    b.dialer.last().receive("0123456789");
    b.dialer.last().bytesWritten = 25;
    b.codecs.last().finish();
    b.clock.advanceMs(70);
    b.dialer.last().break(null);
    assert.equal(b.stat("upstream_cx_rx_bytes_total"), 10);
    assert.equal(b.stat("upstream_cx_tx_bytes_total"), 25);
    assert.deepEqual(b.recorded("upstream_cx_connect_ms"), [30]);
    assert.deepEqual(b.recorded("upstream_cx_length_ms"), [100]);
    b.assertClean();
  });

  it("ends everything at once when the worker closes", () => {
    const b = bench();
    const open = b.openNow();
    const waiting = b.open();
    b.manager.close();
    assert.deepEqual([open.outcome, waiting.outcome], ["fault", "failed"]);
    b.assertClean();
  });
});
