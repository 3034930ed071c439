// A listener of one worker whose client throws answers away and whose upstream answers at once: an exchange without sockets and pools,
// for benchmarks.
import { systemClock } from "../../src/base/clock.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { TimerWheel } from "../../src/base/timer-wheel.ts";
import type { HttpConnectionManagerPlan } from "../../src/config/plan/listener.ts";
import { RequestWatch } from "../../src/dataplane/exchange/request-watch.ts";
import { createListenerService, workerContext } from "../../src/dataplane/listener-service.ts";
import type { Cluster, UpstreamRequest } from "../../src/dataplane/upstream/upstream.ts";
import type { WorkerServices } from "../../src/dataplane/worker-services.ts";
import { acquireHeaderList } from "../../src/protocol/header-list.ts";
import { H } from "../../src/protocol/header-names.ts";
import type { MessageWriter } from "../../src/protocol/message.ts";
import { createAccessLogs } from "../../src/telemetry/access-log.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { ClientChannel } from "../../test/support/client-channel.ts";
import { FakeCluster } from "../../test/support/fake-upstreams.ts";
import { listener, manager } from "../../test/support/listener-plans.ts";
import { quietServices } from "../../test/support/quiet-services.ts";

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

/** What a GET costs through a listener, as the mean of a few thousand. */
export function nanoseconds(channel: ClientChannel): number {
  const start = performance.now();
  for (let i = 0; i < BATCH; i++) channel.send(GET);
  return ((performance.now() - start) * 1e6) / BATCH;
}

/** The one in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}

/** A client of such a listener; `changes` to its connection manager. `watch`: gets a watch over its requests, which tells nobody. */
export function client(
  changes: Partial<HttpConnectionManagerPlan> = {},
  watch: (watch: RequestWatch) => void = () => {},
): ClientChannel {
  const stats = new StatsWriter(() => {});
  const wheel = new TimerWheel(systemClock);
  const cluster = new InstantCluster("up", stats);
  const plan = listener(manager(changes));
  const services = quietServices({
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
    onBug: (error) => {
      throw error;
    },
  });
  const service = createListenerService(services, plan);
  if (watch.length > 0) watch(watchOver(services));
  const channel = new SilentClient();
  const chain = plan.filterChains[0];
  if (chain !== undefined) service.onChannel(channel, chain);
  return channel;
}

function watchOver(services: WorkerServices): RequestWatch {
  const { clock, wheel, random } = services;
  const load = () => ({ cpu: 0, busy: 0, connections: 0, requests: 0 });
  const watch = new RequestWatch({ clock, wheel, random, load, tell: () => {}, onOver: () => {} });
  workerContext(services).watch = watch;
  return watch;
}

const TEXT = Buffer.from("text/plain");
const LENGTH = Buffer.from("12");
const BODY = Buffer.from("hello world\n");

const GET = Buffer.from("GET /service/1 HTTP/1.1\r\nhost: a\r\nuser-agent: bench\r\naccept: */*\r\n\r\n");
const BATCH = 4_000;
