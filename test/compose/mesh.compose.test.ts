import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { systemClock } from "../../src/base/clock.ts";
import { buildImages, Containers, docker, engineAnswers, leaveNothing, waitFor } from "../support/containers.ts";
import { recordedSpans } from "../support/recorded-spans.ts";

const PORTS = {
  FRONT_1_PORT: 8080,
  FRONT_2_PORT: 8081,
  FRONT_1_ADMIN_PORT: 8001,
  FRONT_2_ADMIN_PORT: 8002,
  LRS_ADMIN_PORT: 18001,
};
/** From `up` to the first answer, with images that are built. */
const FIRST_ANSWER_MS_MAX = 15_000;
/** What an engine gives a container before it kills it. */
const END_MS_MAX = 10_000;

let containers: Containers;
let load: SteadyRequests | null = null;
let firstAnswerMs = Number.POSITIVE_INFINITY;

describe("the mesh in containers", function () {
  this.timeout(300_000);

  before(async function () {
    if (!engineAnswers()) this.skip();
    await buildImages();
    containers = await Containers.of("mesh.yaml", PORTS, { CONCURRENCY: "3" });
    const startedMs = systemClock.nowMs();
    const up = containers.compose("up", "-d");
    await waitFor(() => containers.page("localhost:8080/service/1"));
    firstAnswerMs = systemClock.nowMs() - startedMs;
    await up;
    await waitFor(async () => ((await nodes()).length === 4 ? true : null));
    await waitFor(() => containers.page("localhost:8081/service/2"));
  });

  after(() => leaveNothing(containers));

  it(`answers within ${FIRST_ANSWER_MS_MAX} ms of its start`, () => {
    process.stdout.write(`      first 200 after ${firstAnswerMs} ms\n`);
    assert.ok(firstAnswerMs <= FIRST_ANSWER_MS_MAX, `${firstAnswerMs} ms`);
  });

  it("runs without root, without a capability, on a root that is read only, with the sysctl that saves waiting connections", async () => {
    const script =
      "id -u; grep CapEff /proc/1/status; cat /proc/sys/net/ipv4/tcp_migrate_req; touch /etc/x || echo kept";
    const { out } = await containers.exec("front-envoy-1", "sh", "-c", script);
    assert.equal(out, "101\nCapEff:\t0000000000000000\n1\nkept\n");
  });

  it("has as many workers in a front proxy as CONCURRENCY says", async () => {
    const info = JSON.parse(await containers.page("localhost:8001/server_info"));
    assert.equal(info.command_line_options.concurrency, 3);
  });

  it("lets one node check for all, and NATS to nobody without the nkey that was made", async () => {
    assert.deepEqual((await nodes()).sort(), [
      "front-1 proxy",
      "front-2 proxy",
      "health-check health",
      "load-report load",
    ]);
    // The first front proxy checks for itself until it has heard that another does.
    await waitFor(async () =>
      /cluster service1.*0 probed here; checked by health-check~/.test(await mesh()) ? true : null,
    );
    const stranger = `import { connect } from "@nats-io/transport-node";
      const tls = { caFile: "/certs/ca.pem" };
      await connect({ servers: "tls://nats-2:4222", tls, reconnect: false }).catch((error) => console.log(error.message));`;
    const { out } = await containers.exec("front-envoy-1", "node", "--input-type=module", "-e", stranger);
    assert.match(out, /authorization violation/i);
  });

  it("scales a service", async () => {
    await containers.typed("docker compose -f compose/mesh.yaml up -d --scale service1=3");
    await waitFor(async () => ((await answers(6)).size === 3 ? true : null));
  });

  it("reports the load of both front proxies to the server", async () => {
    const before = await reported();
    await answers(20);
    for (let i = 0; i < 10; i++) await containers.page("localhost:8081/service/1");
    await waitFor(async () => ((await reported()) >= before + 30 ? true : null));
    assert.match(await containers.typed("curl localhost:18001/load"), /"cluster": "service1"/);
  });

  it("makes one tree of a request's spans over front proxy, side-car and service, and none of a health check", async () => {
    const recorder = await containers.runBeside("otel-collector", "test/support/otlp-recorder.mjs");
    const tree = await waitFor(async () => {
      await containers.page("localhost:8080/service/1");
      const spans = recordedSpans(await docker("logs", recorder));
      return [...Map.groupBy(spans, ({ traceId }) => traceId).values()].find(({ length }) => length === 3) ?? null;
    });
    const [front, sidecar, service] = ["front-proxy", "service1-sidecar", "service1"].map((name) =>
      tree.find((span) => span.service === name),
    );
    assert.deepEqual(
      [front?.parentId, sidecar?.parentId, service?.parentId, service?.name],
      ["", front?.spanId, sidecar?.spanId, "GET /service/1"],
    );
    const spans = recordedSpans(await docker("logs", recorder));
    assert.deepEqual(
      [...new Set(spans.filter(({ parentId }) => parentId === "").map((one) => one.service))],
      ["front-proxy"],
    );
  });

  it("fails no request when an instance or a NATS server is paused, or the node that checks is cut off from the network", async () => {
    load = new SteadyRequests("localhost:8080/service/1");
    const [instance = ""] = (await containers.compose("ps", "--quiet", "service1")).split("\n");
    await docker("pause", instance);
    await waitFor(async () => ((await answers(6)).size === 2 ? true : null));
    await docker("unpause", instance);
    await waitFor(async () => ((await answers(6)).size === 3 ? true : null));

    await containers.compose("pause", "nats-1");
    const comeBack = await containers.disconnect("health-check");
    await waitFor(async () => (/^cluster service1.*checked by .*health-check/m.test(await mesh()) ? null : true));
    await comeBack();
    await containers.compose("unpause", "nats-1");
    await waitFor(async () => ((await nodes()).length === 4 ? true : null));
    await expectNoFailure(load);
  });

  afterEach(() => load?.end());

  it("fails no request when an instance, a NATS server, the node that checks or a front proxy is killed", async () => {
    load = new SteadyRequests("localhost:8080/service/1");
    const [instance = ""] = (await containers.compose("ps", "--quiet", "service1")).split("\n");
    await containers.kill(instance);
    await waitFor(async () => ((await answers(6)).size === 2 ? true : null));

    await containers.typed("docker compose -f compose/mesh.yaml kill nats-1");
    await waitFor(async () => ((await nodes()).length === 4 ? true : null));
    await waitFor(async () => (/: connected/.test(await mesh()) ? true : null));

    await containers.compose("kill", "health-check");
    await waitFor(async () => (/^cluster service1.*checked by .*health-check/m.test(await mesh()) ? null : true));
    await waitFor(async () =>
      /^cluster service1.*checked by .*(front|load-report)/m.test(await mesh()) ? true : null,
    );

    await containers.compose("kill", "front-envoy-2");
    await waitFor(async () => ((await nodes()).every((node) => !node.startsWith("front-2")) ? true : null));
    await containers.compose("kill", "nats-2", "nats-3");
    await waitFor(async () => (/^LIVE\n.*broker/.test(await containers.page("localhost:8001/ready")) ? true : null));

    await expectNoFailure(load);
  });

  it("is whole again when all are started again", async () => {
    await containers.compose("up", "-d", "--scale", "service1=3");
    await waitFor(async () => ((await nodes()).length === 4 ? true : null));
    await waitFor(async () => ((await answers(6)).size === 3 ? true : null));
    await waitFor(() => containers.page("localhost:8081/service/1"));
  });

  it(`ends within ${END_MS_MAX} ms of being told to, everything of it with code 0`, async () => {
    const startedMs = systemClock.nowMs();
    await containers.compose("stop", "--timeout", "60");
    const endedMs = systemClock.nowMs() - startedMs;
    process.stdout.write(`      stopped after ${endedMs} ms\n`);
    assert.deepEqual(
      (await containers.exitCodes()).filter((text) => !text.endsWith(": 0")),
      [],
    );
    assert.ok(endedMs <= END_MS_MAX, `${endedMs} ms`);
  });
});

async function expectNoFailure(requests: SteadyRequests): Promise<void> {
  const { count, failures } = await requests.end();
  process.stdout.write(`      ${count} requests\n`);
  assert.deepEqual(failures, []);
  assert.ok(count > 50, `${count} requests`);
}

function mesh(): Promise<string> {
  return containers.page("localhost:8001/mesh");
}

/** `front-1 proxy`: the living nodes that the first front proxy knows, by name and role. */
async function nodes(): Promise<string[]> {
  const page = await mesh();
  return [...page.matchAll(/^(\S+)~\w{4}\s+(?:self|live)\s+serving\s+(\S+)/gm)].map(
    ([, name, role]) => `${name} ${role}`,
  );
}

/** Who answered to requests in a row. */
async function answers(requests: number): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (let i = 0; i < requests; i++) {
    const body = await containers.page("localhost:8080/service/1");
    names.add(/hostname: (\S+)/.exec(body)?.[1] ?? body);
  }
  return names;
}

/** Requests to service1 that the server of load reports was told of. */
async function reported(): Promise<number> {
  const load = JSON.parse(await containers.page("localhost:18001/load"));
  return load.clusters.find((one: { cluster: string }) => one.cluster === "service1")?.success ?? 0;
}

/** One request after the other until it is ended. */
class SteadyRequests {
  private isOver = false;
  private readonly failures: string[] = [];
  private readonly done: Promise<number>;

  constructor(url: string) {
    this.done = this.run(url);
  }

  async end(): Promise<{ readonly count: number; readonly failures: readonly string[] }> {
    this.isOver = true;
    return { count: await this.done, failures: this.failures };
  }

  private async run(url: string): Promise<number> {
    let count = 0;
    for (; !this.isOver; count++) await containers.page(url).catch((error: Error) => this.failures.push(error.message));
    return count;
  }
}
