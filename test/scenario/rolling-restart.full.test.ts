// Three backends, each of them killed and started again under steady load: with retries no GET fails, without them some do.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { afterEach, describe, it } from "mocha";
import { freePort } from "../support/live-proxy.ts";
import { Stage } from "../support/stage.ts";
import { SteadyLoad } from "../support/steady-load.ts";

const CONNECTIONS = 16;
const PAUSE_MS = 5;
/** How long a backend is away and how long all of them are there. */
const AWAY_MS = 400;
const RETRIES = {
  retry_on: "5xx,reset,connect-failure",
  num_retries: 5,
  host_selection_retry_max_attempts: 5,
  retry_host_predicate: [
    {
      name: "envoy.retry_host_predicates.previous_hosts",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
      },
    },
  ],
};

/** Answers after five milliseconds; ends with its requests when it is asked to. */
const BACKEND = `
  const server = require("node:http").createServer((_, answer) => setTimeout(() => answer.end("ok"), 5));
  server.listen(Number(process.argv[1]), "127.0.0.1", () => console.log("up"));
  process.on("SIGTERM", () => server.close(() => process.exit(0)));
`;

describe("a rolling restart of three backends under load", function () {
  this.timeout(60_000);
  let backends: Backend[] = [];
  let stage: Stage | null = null;
  let load: SteadyLoad | null = null;

  async function begin(route: Readonly<Record<string, unknown>>): Promise<[Stage, SteadyLoad]> {
    backends = [];
    for (let i = 0; i < 3; i++) backends.push(await Backend.start());
    const endpoints = backends.map(({ port }) => ({
      endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } },
    }));
    const cluster = {
      load_assignment: { cluster_name: "echo", endpoints: [{ lb_endpoints: endpoints }] },
      circuit_breakers: { thresholds: [{ max_retries: 1_000 }] },
    };
    stage = await Stage.start({ upstreamPort: 1, cluster, route });
    load = new SteadyLoad(stage.port, CONNECTIONS, PAUSE_MS);
    return [stage, load];
  }

  async function restartAll(signal: NodeJS.Signals): Promise<void> {
    for (const backend of backends) {
      await backend.end(signal);
      await pause();
      await backend.launch();
      await pause();
    }
  }

  afterEach(async () => {
    load?.stop();
    for (const backend of backends) await backend.end("SIGKILL");
    await stage?.stop();
  });

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    it(`fails no GET with retries when they end by ${signal}, and leaves nothing open`, async () => {
      const [proxy, requests] = await begin({ retry_policy: RETRIES });
      // As often as it takes to have seen so many requests.
      while (requests.sent <= 1_000) await restartAll(signal);
      await requests.finish();
      assert.deepEqual([requests.wrong, requests.lost], [0, 0]);
      assert.equal(requests.answered, requests.sent);
      assert.ok((await proxy.stat("cluster.echo.upstream_rq_retry")) > 0);
      await proxy.untilIdle();
      assert.equal(await proxy.stat("cluster.echo.circuit_breakers.default.rq_retry_open"), 0);
    });
  }

  it("fails some without retries", async () => {
    const [, requests] = await begin({});
    await restartAll("SIGKILL");
    await requests.finish();
    assert.ok(requests.wrong > 0);
  });
});

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, AWAY_MS));
}

class Backend {
  readonly port: number;
  private child: ChildProcess | null = null;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<Backend> {
    const backend = new Backend(await freePort());
    await backend.launch();
    return backend;
  }

  launch(): Promise<void> {
    const child = spawn(process.execPath, ["-e", BACKEND, String(this.port)], { stdio: ["ignore", "pipe", "inherit"] });
    this.child = child;
    return new Promise((resolve) => child.stdout?.once("data", () => resolve()));
  }

  end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    child.kill(signal);
    return new Promise((resolve) => {
      const late = setTimeout(() => child.kill("SIGKILL"), 500); // kept connections of ours keep it alive
      child.once("exit", () => {
        clearTimeout(late);
        resolve();
      });
    });
  }
}
