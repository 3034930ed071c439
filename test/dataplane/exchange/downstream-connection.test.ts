import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { HttpConnectionManagerPlan } from "../../../src/config/plan/listener.ts";
import type { ClientChannel } from "../../support/client-channel.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import { listener, manager } from "../../support/listener-plans.ts";

const GET = "GET /x HTTP/1.1\r\nhost: a\r\n\r\n";
const OK = { "content-length": "2" };

function withClient(
  changes: Partial<HttpConnectionManagerPlan>,
  scene: (world: ExchangeWorld, client: ClientChannel) => void,
): void {
  const world = new ExchangeWorld(listener(manager(changes)));
  world.upstreams.add("up");
  scene(world, world.connect());
  assert.deepEqual(world.leaks(), []);
}

function answer(world: ExchangeWorld, body: string = "ok"): void {
  const up = world.upstreams.cluster("up") as ReturnType<ExchangeWorld["upstreams"]["add"]>;
  up.stream().respond(200, OK, body);
}

describe("a downstream connection", () => {
  it("serves one request after the other", () =>
    withClient({}, (world, client) => {
      for (let i = 0; i < 3; i++) {
        client.send(GET);
        answer(world);
        assert.match(client.received(), /^HTTP\/1.1 200 .*\r\n\r\nok$/s);
      }
      assert.equal(world.stat("http.main.downstream_rq_total"), 3);
      assert.equal(world.stat("http.main.downstream_cx_total"), 1);
      assert.equal(client.ending, "");
    }));

  it("counts names with underscores that its codec dropped or refused, as http1.", () => {
    const { http } = manager();
    const judging = (underscores: "drop" | "reject") => ({
      http: { ...http, http1: { ...http.http1, underscores } },
    });
    const request = "GET /x HTTP/1.1\r\nhost: a\r\na_b: 1\r\nc_d: 2\r\n\r\n";
    withClient(judging("drop"), (world, client) => {
      client.send(request);
      answer(world);
      assert.equal(world.stat("http1.dropped_headers_with_underscores"), 2);
      client.send(request);
      answer(world);
      assert.equal(world.stat("http1.dropped_headers_with_underscores"), 4);
      assert.equal(world.stat("http1.requests_rejected_with_underscores_in_headers"), 0);
    });
    withClient(judging("reject"), (world, client) => {
      client.send(request);
      assert.match(client.received(), /^HTTP\/1.1 400 /);
      assert.equal(world.stat("http1.requests_rejected_with_underscores_in_headers"), 1);
    });
  });

  it("counts whose end came first: the client's, also when it idles, or ours", () => {
    withClient({}, (world, client) => {
      client.send(GET);
      answer(world);
      client.sendEnd();
      client.hangUp();
      assert.equal(world.stat("http.main.downstream_cx_destroy_remote"), 1);
      assert.equal(world.stat("http.main.downstream_cx_destroy_local"), 0);
    });
    withClient({}, (world, client) => {
      client.send(GET.replace("host", "connection: close\r\nhost"));
      answer(world);
      client.sendEnd();
      client.hangUp();
      assert.equal(world.stat("http.main.downstream_cx_destroy_local"), 1);
      assert.equal(world.stat("http.main.downstream_cx_destroy_remote"), 0);
    });
    withClient({}, (world, client) => {
      client.send("HELO\r\n\r\n");
      client.sendEnd();
      client.hangUp();
      assert.equal(world.stat("http.main.downstream_cx_destroy_remote"), 1, "its end was waited for");
      assert.equal(world.stat("http.main.downstream_rq_rx_reset"), 1);
    });
  });

  it("counts bytes with the answer they belong to, and a client that leaves a request behind", () =>
    withClient({}, (world, client) => {
      client.send(GET);
      answer(world);
      assert.equal(world.stat("http.main.downstream_cx_tx_bytes_total"), client.received().length);
      client.send(GET);
      client.sendEnd();
      client.hangUp();
      assert.equal(world.stat("http.main.downstream_cx_destroy_remote_active_rq"), 1);
    }));

  it("answers pipelined requests in their order", () =>
    withClient({}, (world, client) => {
      client.send(GET + GET.replace("/x", "/y"));
      answer(world, "1.");
      answer(world, "2.");
      assert.match(client.received(), /1\.HTTP\/1.1 200 .*2\.$/s);
    }));

  it("gives HEAD the length and no body", () =>
    withClient({}, (world, client) => {
      client.send(GET.replace("GET", "HEAD"));
      const up = world.upstreams.cluster("up") as ReturnType<ExchangeWorld["upstreams"]["add"]>;
      up.stream().respond(200, { "content-length": "88" });
      assert.match(client.received(), /content-length: 88\r\n.*\r\n\r\n$/s);
    }));

  it("says 100 Continue by itself, and counts it", () =>
    withClient({}, (world, client) => {
      client.send("POST /x HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n");
      assert.equal(client.received(), "HTTP/1.1 100 Continue\r\n\r\n");
      client.send("abc");
      answer(world);
      assert.equal(world.stat("http.main.downstream_rq_1xx"), 1);
      assert.equal(world.stat("http.main.downstream_rq_completed"), 2);
    }));

  it("passes the upstream's 100 and 103 on where it is told to", () =>
    withClient({ proxy100Continue: true }, (world, client) => {
      client.send("POST /x HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n");
      assert.equal(client.received(), "");
      const up = world.upstreams.cluster("up") as ReturnType<ExchangeWorld["upstreams"]["add"]>;
      assert.equal(up.stream().header("expect"), "100-continue");
      up.stream().interim(100);
      up.stream().interim(103, { link: "</a>" });
      assert.equal(client.received(), "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
      client.send("abc");
      answer(world);
    }));

  it("closes when it was idle for its time, and not while a request is open", () =>
    withClient({ idleTimeoutMs: 1_000, streamIdleTimeoutMs: 60_000 }, (world, client) => {
      client.send(GET);
      world.clock.advanceMs(5_000);
      assert.equal(client.ending, "");
      answer(world);
      world.clock.advanceMs(900);
      assert.equal(client.ending, "");
      world.clock.advanceMs(150);
      assert.equal(client.ending, "close");
      assert.equal(world.stat("http.main.downstream_cx_idle_timeout"), 1);
    }));

  it("closes without an answer when not even the protocol is known in time", () =>
    withClient({ requestHeadersTimeoutMs: 1_000 }, (world, client) => {
      client.send("P");
      world.clock.advanceMs(1_050);
      assert.equal(client.ending, "close");
      assert.equal(client.received(), "");
    }));

  it("says connection: close on its last request", () =>
    withClient({ requestsPerConnectionMax: 2 }, (world, client) => {
      client.send(GET);
      answer(world);
      assert.doesNotMatch(client.received(), /connection/);
      client.send(GET);
      answer(world);
      assert.match(client.received(), /connection: close/);
      assert.equal(client.ending, "close");
      assert.equal(world.stat("http.main.downstream_cx_max_requests_reached"), 1);
    }));

  it("ends at a time of its own between its greatest duration and the jitter's share more", () => {
    const plan = listener(manager({ connectionDurationMaxMs: 10_000, connectionDurationJitterPercent: 50 }));
    const world = new ExchangeWorld(plan);
    const clients = Array.from({ length: 100 }, () => world.connect());
    const ended = (): number => clients.filter(({ ending }) => ending !== "").length;
    world.clock.advanceMs(9_990);
    assert.equal(ended(), 0);
    const thirds = [1_660, 1_660, 1_700].map((ms) => {
      world.clock.advanceMs(ms);
      return ended();
    });
    assert.equal(thirds[2], 100);
    const [first = 0, second = 0] = thirds;
    assert.ok(first > 15 && first < 52 && second > 48 && second < 85, `${thirds}`);
    assert.deepEqual(world.leaks(), []);
  });

  it("ends after its greatest duration, when its request is done", () =>
    withClient({ connectionDurationMaxMs: 1_000 }, (world, client) => {
      client.send(GET);
      world.clock.advanceMs(1_050);
      answer(world);
      assert.match(client.received(), /connection: close/);
      assert.equal(world.stat("http.main.downstream_cx_max_duration_reached"), 1);
    }));

  it("drains: an idle one closes, a busy one says so with its answer", () =>
    withClient({}, (world, client) => {
      const idle = world.connect();
      idle.send(GET);
      answer(world);
      client.send(GET);
      world.service.drain(false);
      assert.equal(idle.ending, "close");
      assert.equal(client.ending, "");
      answer(world);
      assert.match(client.received(), /connection: close/);
      assert.equal(client.ending, "close");
    }));

  it("ends at once when the drain is over", () =>
    withClient({}, (world, client) => {
      client.send(GET);
      world.service.drain(true);
      assert.equal(client.ending, "abort");
      assert.equal(world.stat("http.main.downstream_cx_destroy_local_active_rq"), 1);
    }));

  it("says connection: close while the node fails its health check by hand", () =>
    withClient({}, (world, client) => {
      world.service.setFailing(true);
      client.send(GET);
      answer(world);
      assert.match(client.received(), /connection: close/);
      assert.equal(world.stat("http.main.downstream_cx_drain_close"), 1);
    }));

  it("takes HTTP/2's preface in any pieces, and speaks HTTP/2 then", () =>
    withClient({}, (world, client) => {
      for (const byte of "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") client.send(byte);
      assert.equal(world.stat("http.main.downstream_cx_http2_total"), 1);
      assert.equal(world.stat("http.main.downstream_cx_http2_active"), 1);
      assert.equal(world.stat("http2.nghttp2_downstream_connections"), 1);
    }));

  it("reads a request that begins like the preface as HTTP/1", () =>
    withClient({}, (world, client) => {
      client.send("P");
      client.send(GET.replace("GET", "UT"));
      answer(world);
      assert.match(client.received(), /^HTTP\/1.1 200/);
    }));

  it("believes ALPN before the first byte", () =>
    withClient({}, (world) => {
      const tls = {
        version: "TLSv1.3",
        cipher: "X",
        alpn: "h2",
        serverName: "",
        resumed: false,
        peerVerified: false,
        shown: null,
      };
      world.connect({ tls });
      assert.equal(world.stat("http.main.downstream_cx_http2_total"), 1);
      assert.equal(world.stat("http.main.downstream_cx_ssl_total"), 1);
    }));

  it("counts what an old Envoy page shows: connections, requests, classes, times", () =>
    withClient({}, (world, client) => {
      client.send(GET);
      answer(world);
      client.hangUp();
      for (const name of ["downstream_cx_total", "downstream_rq_2xx", "downstream_rq_completed", "rq_total"])
        assert.equal(world.stat(`http.main.${name}`), 1, name);
      for (const name of ["downstream_cx_total", "downstream_cx_destroy", "http.main.downstream_rq_2xx"])
        assert.equal(world.stat(`listener.127.0.0.1_0.${name}`), 1, name);
      assert.equal(world.stat("listener.127.0.0.1_0.worker_0.downstream_cx_total"), 1);
      assert.equal(world.stat("cluster.up.external.upstream_rq_200"), 1);
      assert.equal(world.stat("host.up.127.0.0.1:80.rq_success"), 1);
      for (const name of ["http.main.downstream_rq_time", "http.main.downstream_cx_length_ms"])
        assert.equal(world.recorded(name), 1, name);
      for (const name of ["listener.127.0.0.1_0.downstream_cx_length_ms", "cluster.up.upstream_rq_time"])
        assert.equal(world.recorded(name), 1, name);
      assert.equal(world.stat("http.main.downstream_cx_rx_bytes_total"), GET.length);
      assert.ok(world.stat("http.main.downstream_cx_tx_bytes_total") > 0);
    }));
});
