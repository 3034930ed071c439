// What one request costs between the client's bytes and the upstream's calls: HTTP/1 codec, exchange, router, header rules, counters,
// without sockets and pools. Run: node benchmarks/micro/exchange.ts

import { systemClock } from "../../src/base/clock.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { TimerWheel } from "../../src/base/timer-wheel.ts";
import type { HttpConnectionManagerPlan } from "../../src/config/plan/listener.ts";
import { createListenerService } from "../../src/dataplane/listener-service.ts";
import { runtimeView } from "../../src/dataplane/routing/runtime-view.ts";
import type { Cluster, UpstreamRequest } from "../../src/dataplane/upstream/upstream.ts";
import { acquireHeaderList } from "../../src/protocol/header-list.ts";
import { H } from "../../src/protocol/header-names.ts";
import type { MessageWriter } from "../../src/protocol/message.ts";
import { createAccessLogs } from "../../src/telemetry/access-log.ts";
import { createHttp2UseMemory, Http2Use } from "../../src/telemetry/http2-use.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { ClientChannel } from "../../test/support/client-channel.ts";
import { FakeCluster } from "../../test/support/fake-upstreams.ts";
import { listener, manager } from "../../test/support/listener-plans.ts";
import { measure } from "./measure.ts";

/** A client that throws away what it gets. */
class SilentClient extends ClientChannel {
  override scheduleFlush(): void {
    this.out.end = 0;
  }
}

/** Answers 200 with twelve bytes as soon as the head is written. */
class InstantCluster extends FakeCluster implements Cluster {
  private request: UpstreamRequest | null = null;
  private readonly peer = new ClientChannel();
  private readonly writer: MessageWriter = {
    streamId: 1,
    writeHead: (_, end) => {
      if (end) this.answer();
    },
    writeInterim: () => {},
    writeData: (_, __, ___, last) => {
      if (last) this.answer();
    },
    writeTrailers: () => {},
    reset: () => {},
    isBackedUp: () => false,
    pauseSource: () => {},
    resumeSource: () => {},
  };

  override open(request: UpstreamRequest): void {
    this.request = request;
    const { endpoint, writer, peer: channel } = this;
    request.onOpen({ writer, endpoint, channel, protocol: "http1", reused: true, unanswered: true });
  }

  private answer(): void {
    const { sink } = this.request as UpstreamRequest;
    const head = acquireHeaderList();
    head.status = 200;
    head.addKnown(H.CONTENT_TYPE, TEXT, 0, TEXT.length);
    head.addKnown(H.CONTENT_LENGTH, LENGTH, 0, LENGTH.length);
    sink.onHead(head, false);
    sink.onData(BODY, 0, BODY.length, true);
  }
}

function client(changes: Partial<HttpConnectionManagerPlan> = {}): ClientChannel {
  const stats = new StatsWriter(() => {});
  const wheel = new TimerWheel(systemClock);
  const cluster = new InstantCluster("up", stats);
  const plan = listener(manager(changes));
  const service = createListenerService(
    {
      clock: systemClock,
      wheel,
      random: new SeededRandom(1),
      stats,
      upstreams: { cluster: () => cluster },
      accessLogs: createAccessLogs(wheel, 10_000, {
        open: () => 9,
        write: (_, __, done) => done(null),
        writeSync: () => {},
        close: () => {},
      }),
      runtime: runtimeView({}),
      workerName: "worker_0",
      hostname: "box",
      localAddress: "192.0.2.2",
      http2Use: new Http2Use(createHttp2UseMemory(1), 1, 0),
      memoryBytesMax: 2 ** 28,
      onBug: (error) => {
        throw error;
      },
    },
    plan,
  );
  const channel = new SilentClient();
  const chain = plan.filterChains[0];
  if (chain !== undefined) service.onChannel(channel, chain);
  return channel;
}

const TEXT = Buffer.from("text/plain");
const LENGTH = Buffer.from("12");
const BODY = Buffer.from("hello world\n");

const get = Buffer.from("GET /service/1 HTTP/1.1\r\nhost: a\r\nuser-agent: bench\r\naccept: */*\r\n\r\n");
const post = Buffer.from("POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n");
const body = Buffer.concat([post, Buffer.alloc(100, 120)]);

const plain = client();
measure("GET, answer of 12 bytes", () => plain.send(get));
measure("POST of 100 bytes, answer of 12", () => plain.send(body));
const edge = client({ useRemoteAddress: true, normalizePath: true, mergeSlashes: true, via: "x" });
measure("GET at the edge: addresses, canonical path, via", () => edge.send(get));
const format = [
  "START_TIME",
  "PROTOCOL",
  "RESPONSE_CODE",
  "RESPONSE_FLAGS",
  "BYTES_SENT",
  "DURATION",
  "UPSTREAM_HOST",
].map((name) => ({ kind: "operator", name, args: [], lengthMax: Number.POSITIVE_INFINITY }) as const);
const logged = client({ accessLogs: [{ sink: "file", path: "x", format, json: null, omitEmpty: false }] });
measure("GET with an access log of seven operators", () => logged.send(get));
const before = process.memoryUsage().heapUsed;
for (let i = 0; i < 1000; i++) plain.send(get);
console.log(
  `${"bytes of heap a GET, garbage included".padEnd(68)} ${String(Math.round((process.memoryUsage().heapUsed - before) / 1000)).padStart(8)} B`,
);
