// A collector that is down, refuses, falls silent, lies and comes back, under load: no request notices, and every span is accounted for.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { after, before, describe, it } from "mocha";
import { freePort, LiveProxy } from "../support/live-proxy.ts";
import { type Mood, MoodyCollector } from "../support/moody-collector.ts";
import { eventually } from "../support/nodes.ts";
import { otelTracer, proxyFile } from "../support/proxy-file.ts";
import { SteadyLoad } from "../support/steady-load.ts";

const MOODS: readonly Mood[] = ["down", "refusing", "well", "mute", "lying", "down", "well"];
const MOOD_MS = 2_000;
const CONNECTIONS = 4;
/** So that the load is one that a busy machine can carry. */
const PAUSE_MS = 5;

describe("a collector with moods", function () {
  this.timeout(90_000);
  let collector: MoodyCollector;
  let service: Server;
  let proxy: LiveProxy;
  let load: SteadyLoad;
  let port: number;
  let adminPort: number;

  before(async () => {
    service = createServer((_, response) => response.writeHead(200, { "content-length": 2 }).end("ok"));
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    port = await freePort();
    adminPort = await freePort([port]);
    collector = new MoodyCollector(await freePort([port, adminPort]));
    const manager = { tracing: { provider: otelTracer({}, "1s") } };
    const upstreamPort = (service.address() as { port: number }).port;
    const file = proxyFile({ port, adminPort, upstreamPort, manager, morePorts: { collector: collector.port } });
    const variables = {
      OTEL_BSP_SCHEDULE_DELAY: "100",
      OTEL_BSP_MAX_QUEUE_SIZE: "300",
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "100",
    };
    proxy = LiveProxy.launch("starling", file, ["--concurrency", "2"], variables);
    await proxy.live(adminPort);
    load = new SteadyLoad(port, CONNECTIONS, PAUSE_MS);
  });

  after(async () => {
    load?.stop();
    await proxy?.stop();
    await collector?.turn("down");
    service?.close().closeAllConnections();
  });

  for (const [i, mood] of MOODS.entries()) {
    it(`harms no request when it is ${mood}${MOODS.indexOf(mood) === i ? "" : " again"}`, async () => {
      await collector.turn(mood);
      const [answered, requests] = [load.answered, collector.requests.get(mood) ?? 0];
      await new Promise((resolve) => setTimeout(resolve, MOOD_MS));
      assert.ok(load.answered > answered + 20, "the load goes on");
      assert.deepEqual([load.lost, load.wrong], [0, 0]);
      if (mood !== "down") await eventually(() => (collector.requests.get(mood) ?? 0) > requests);
    });
  }

  it("is told of every span, or a counter is", async () => {
    await load.finish();
    assert.deepEqual([load.lost, load.wrong, load.answered], [0, 0, load.sent]);
    // Not by what is queued alone: a batch between two threads is in nobody's queue.
    await eventually(async () => (await counter("sent")) + (await counter("dropped")) === load.answered);
    const [made, sent, dropped] = [await counter("made"), await counter("sent"), await counter("dropped")];
    assert.equal(made, load.answered);
    assert.equal(sent + dropped, made);
    await eventually(async () => (await counter("queued")) === 0);
    assert.equal(collector.spans.length, sent);
    assert.ok(sent > 0 && dropped > 0);
    console.log(`      ${made} made, ${sent} sent, ${dropped} dropped`);
  });

  async function counter(name: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=tracing.opentelemetry`)).text();
    return Number(new RegExp(`spans_${name}: (\\d+)`).exec(text)?.[1]);
  }
});
