import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ClusterPlan } from "../../../src/config/plan/cluster.ts";
import { clusterPlan, endpoint } from "../../support/cluster-plans.ts";
import { TestRequest, UpstreamBench } from "./support/upstream-bench.ts";

function bench(more: Partial<ClusterPlan> = {}): UpstreamBench {
  return new UpstreamBench([clusterPlan("c", [endpoint(80)], more)]);
}

/** Ends the test: idle connections are closed by their idle time, nothing may be left. */
function finish(b: UpstreamBench): void {
  b.clock.advanceMs(3_700_000);
  b.assertClean();
}

describe("HTTP/1 pool", () => {
  describe("ends connections", () => {
    const ENDS: readonly {
      name: string;
      act: (b: UpstreamBench) => void;
      outcome: TestRequest["outcome"];
      counts: Readonly<Record<string, number>>;
    }[] = [
      {
        name: "the peer closes while a request waits for its answer",
        act: (b) => b.dialer.last().receiveEnd(),
        outcome: "fault",
        counts: {
          upstream_cx_destroy_remote: 1,
          upstream_cx_destroy_remote_with_active_rq: 1,
          upstream_cx_destroy_with_active_rq: 1,
        },
      },
      {
        name: "the peer closes in the middle of its answer, which is malformed",
        act: (b) => {
          b.dialer.last().receive("HTTP/1.1 200 OK\r\n");
          b.dialer.last().receiveEnd();
        },
        outcome: "fault",
        counts: {
          upstream_cx_protocol_error: 1,
          upstream_cx_destroy_remote: 1,
          upstream_cx_destroy_remote_with_active_rq: 1,
          upstream_cx_destroy_with_active_rq: 1,
        },
      },
      {
        name: "the connection breaks under a request",
        act: (b) => b.dialer.last().break({ kind: "reset", text: "Connection reset by peer" }),
        outcome: "fault",
        counts: {
          upstream_cx_destroy_remote: 1,
          upstream_cx_destroy_remote_with_active_rq: 1,
          upstream_cx_destroy_with_active_rq: 1,
        },
      },
      {
        name: "we give the request up",
        act: (b) => b.codecs.last().exchanges[0]?.reset(8),
        outcome: "open",
        counts: {
          upstream_cx_destroy_local: 1,
          upstream_cx_destroy_local_with_active_rq: 1,
          upstream_cx_destroy_with_active_rq: 1,
        },
      },
      {
        name: "the peer talks nonsense",
        act: (b) => b.codecs.last().fail("http1.codec_error"),
        outcome: "fault",
        counts: {
          upstream_cx_destroy_local: 1,
          upstream_cx_destroy_local_with_active_rq: 1,
          upstream_cx_destroy_with_active_rq: 1,
          upstream_cx_protocol_error: 1,
        },
      },
      {
        name: "the answer said connection: close",
        act: (b) => {
          b.codecs.last().announceEnd();
          b.codecs.last().finish(false);
        },
        outcome: "open",
        counts: { upstream_cx_destroy_local: 1, upstream_cx_close_notify: 1 },
      },
      {
        name: "the answer came before the request was out",
        act: (b) => b.codecs.last().finish(false),
        outcome: "open",
        counts: {
          upstream_cx_destroy_local: 1,
          upstream_cx_destroy_local_with_active_rq: 1,
          upstream_cx_destroy_with_active_rq: 1,
        },
      },
      {
        name: "the peer closes an idle connection",
        act: (b) => {
          b.codecs.last().finish();
          b.dialer.last().receiveEnd();
        },
        outcome: "open",
        counts: { upstream_cx_destroy_remote: 1 },
      },
      {
        name: "an idle connection breaks",
        act: (b) => {
          b.codecs.last().finish();
          b.dialer.last().break({ kind: "reset", text: "" });
        },
        outcome: "open",
        counts: { upstream_cx_destroy_remote: 1 },
      },
    ];
    for (const { name, act, outcome, counts } of ENDS) {
      it(`and counts as Envoy: ${name}`, () => {
        const b = bench();
        const request = b.openNow();
        act(b);
        assert.equal(request.outcome, outcome);
        assert.deepEqual(b.used(), {
          upstream_cx_total: 1,
          upstream_cx_http1_total: 1,
          upstream_rq_pending_total: 1,
          upstream_rq_total: 1,
          upstream_cx_destroy: 1,
          ...counts,
        });
        b.assertClean();
      });
    }

    it("says whether a byte of the answer had come when a reused connection died", () => {
      const rows = [
        { act: () => {}, unanswered: true },
        { act: (b: UpstreamBench) => b.dialer.last().receive("HTTP/1.1 2"), unanswered: false },
      ];
      for (const { act, unanswered } of rows) {
        const b = bench();
        b.openNow();
        b.dialer.last().receive("HTTP/1.1 200 OK\r\n\r\n");
        b.codecs.last().finish();
        const request = b.open();
        act(b);
        b.dialer.last().break(null);
        assert.equal(request.fault?.kind, "connection_closed");
        assert.equal(request.stream?.reused, true);
        assert.equal(request.stream?.unanswered, unanswered);
        b.assertClean();
      }
    });

    it("makes room before it tells of the death, so that a retry may connect at once", () => {
      const breakers = {
        connectionsMax: 1,
        pendingMax: 1,
        requestsMax: 1,
        retriesMax: 1,
        perHostConnectionsMax: Number.POSITIVE_INFINITY,
        retryBudget: null,
        poolsMax: 9,
        trackRemaining: false,
      };
      const b = bench({ breakers: { default: breakers, high: breakers } });
      const retry = new TestRequest();
      const request = b.openNow();
      request.onFailure = () => b.cluster().open(retry);
      b.dialer.last().break(null);
      assert.equal(request.outcome, "fault");
      assert.equal(retry.outcome, "waiting");
      assert.equal(b.stat("upstream_cx_overflow"), 0);
      b.dialer.last().connect();
      assert.equal(retry.outcome, "open");
      b.codecs.last().finish();
      finish(b);
    });

    it("connects again for those who still wait", () => {
      const b = bench();
      b.openNow();
      const second = b.open();
      b.dialer.channel(0).break(null);
      assert.equal(second.outcome, "waiting");
      b.dialer.channel(1).connect();
      assert.equal(second.outcome, "open");
      b.codecs.last().finish();
      finish(b);
    });
  });

  describe("limits the life of connections", () => {
    it("closes one that was idle for the idle timeout", () => {
      const b = bench({ idleTimeoutMs: 1_000 });
      b.openNow();
      b.clock.advanceMs(5_000);
      assert.equal(b.dialer.open(), 1, "a busy connection is not idle");
      b.codecs.last().finish();
      b.clock.advanceMs(900);
      assert.equal(b.dialer.open(), 1);
      b.clock.advanceMs(150);
      assert.equal(b.stat("upstream_cx_idle_timeout"), 1);
      assert.equal(b.stat("upstream_cx_destroy_local"), 1);
      b.assertClean();
    });

    it("counts idle time from the last request", () => {
      const b = bench({ idleTimeoutMs: 1_000 });
      b.openNow();
      b.codecs.last().finish();
      for (let i = 0; i < 5; i++) {
        b.clock.advanceMs(700);
        assert.equal(b.open().outcome, "open");
        b.codecs.last().finish();
      }
      assert.equal(b.stat("upstream_cx_total"), 1);
      b.clock.advanceMs(1_100);
      b.assertClean();
    });

    it("ends one after max_requests_per_connection", () => {
      const b = bench({ requestsPerConnectionMax: 2 });
      b.openNow();
      b.codecs.last().finish();
      b.open();
      assert.equal(b.stat("upstream_cx_max_requests"), 1);
      b.codecs.last().finish();
      assert.equal(b.stat("upstream_cx_destroy_local"), 1);
      assert.equal(b.stat("upstream_cx_destroy_with_active_rq"), 0);
      b.assertClean();
    });

    it("drains one after max_connection_duration: its request finishes, the next one has a new connection", () => {
      const b = bench({ connectionDurationMaxMs: 1_000 });
      b.openNow();
      b.clock.advanceMs(1_100);
      assert.equal(b.stat("upstream_cx_max_duration_reached"), 1);
      b.codecs.codec(0).finish();
      assert.equal(b.dialer.channel(0).isGone, true);
      b.openNow();
      assert.equal(b.dialer.channels.length, 2);
      b.codecs.codec(1).finish();
      b.clock.advanceMs(1_100);
      assert.equal(b.stat("upstream_cx_max_duration_reached"), 2);
      b.assertClean();
    });
  });
});
