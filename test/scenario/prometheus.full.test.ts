// Dashboards and alert rules as files, asked of a real Prometheus that scrapes a real flock: every query of a dashboard parses and finds
// something, no alert is there while all is well, and what is broken for real is found by the alert that is meant for it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { alerts, dashboardQueries, OBSERVABILITY, variableQueries } from "../support/dashboards.ts";
import { freePort } from "../support/live-proxy.ts";
import { waitMs } from "../support/mesh-processes.ts";
import { natsServerInstalled } from "../support/nats-server.ts";
import { type FlockNode, ObservedFlock } from "../support/observed-flock.ts";
import { PrometheusServer, prometheusInstalled } from "../support/prometheus-server.ts";

/** Queries that find nothing while all is well, and why. */
const MAY_BE_EMPTY: Readonly<Record<string, string>> = {
  "starling: Threads that died (1)": "none has died",
};

/** What is broken, in this order, and the alerts that must find it. */
const BREAKS: readonly {
  readonly what: string;
  readonly finds: readonly string[];
  act(scene: Scene): Promise<void>;
}[] = [
  {
    what: "a worker that dies",
    finds: ["ThreadRestarted"],
    act: ({ flock }) => flock.ask("/die"),
  },
  {
    what: "a file that is refused",
    finds: ["ConfigurationRefused"],
    act: async ({ first }) => {
      writeFileSync(first.file, "nonsense: 1");
      process.kill(first.proxy.pid, "SIGHUP");
    },
  },
  {
    what: "a collector that refuses spans",
    finds: ["SpansDropped"],
    act: async ({ flock }) => flock.refuseSpans(),
  },
  {
    what: "more requests than a breaker lets through",
    finds: ["RequestsKeptBack"],
    act: async ({ flock }) => {
      for (let round = 0; round < 4; round++) await Promise.all(Array.from({ length: 8 }, () => flock.ask("/slow")));
    },
  },
  {
    what: "endpoints that fail",
    finds: ["NoHealthyEndpoints", "PanicRouting", "ErrorBudgetBurnsFast", "ErrorBudgetBurnsSlowly", "RetriesKeptBack"],
    act: async ({ flock }) => {
      flock.status = 503;
    },
  },
  {
    what: "a server of load reports that is gone",
    finds: ["LoadReportsFail"],
    act: ({ flock }) => flock.stopLoadReportServer(),
  },
  {
    what: "a node that was told to drain",
    finds: ["NodeNotLive"],
    act: async ({ second }) => {
      await fetch(`http://127.0.0.1:${second.adminPort}/healthcheck/fail`, { method: "POST" });
    },
  },
  {
    what: "a node that sees others than the rest",
    finds: ["SplitView"],
    act: async ({ flock, prometheus, targets }) => {
      const alone = await flock.join("alone", `embedded:${await freePort()}`);
      prometheus.retarget("starling", [...targets, `127.0.0.1:${alone.adminPort}`]);
    },
  },
  {
    what: "a node that is killed",
    finds: ["NodeNotAnswering", "MemberLost"],
    act: async ({ second }) => {
      process.kill(second.proxy.pid, "SIGKILL");
    },
  },
  {
    what: "a broker that is gone",
    finds: ["BrokerLost"],
    act: ({ flock }) => flock.broker.stop(),
  },
];

/** Alerts that are not broken for here, and why. */
const NOT_BROKEN_FOR: Readonly<Record<string, string>> = {
  EventLoopBusy: "takes minutes of full load",
  CertificateEndsSoon: "takes a certificate that ends soon: test/scenario/certificates.full.test.ts holds the gauge",
  AdminAnswersRefused: "test/control/admin/answer-room.test.ts holds the counters",
  EndpointsUnchecked: "another node takes over within the interval of a check",
};

interface Scene {
  readonly flock: ObservedFlock;
  readonly prometheus: PrometheusServer;
  readonly first: FlockNode;
  readonly second: FlockNode;
  readonly targets: readonly string[];
}

describe("dashboards and alerts on a real Prometheus", function () {
  this.timeout(120_000);
  const flock = new ObservedFlock();
  let scene: Scene;

  before(async function () {
    if (!prometheusInstalled() || !natsServerInstalled()) this.skip();
    await flock.start(2);
    const targets = flock.nodes.map(({ adminPort }) => `127.0.0.1:${adminPort}`);
    const prometheus = await PrometheusServer.start({
      starling: targets,
      "lrs-server": [`127.0.0.1:${flock.lrsAdminPort}`],
    });
    const [first, second] = flock.nodes;
    assert.ok(first !== undefined && second !== undefined);
    scene = { flock, prometheus, first, second, targets };
    // Rates need some scrapes, reports and histograms their intervals.
    await until(
      async () => (await prometheus.query("min(count_over_time(up[1m]))"))[0]?.value ?? 0,
      (seen) => seen >= 12,
    );
  });

  after(async () => {
    await scene?.prometheus.stop();
    await flock.stop();
  });

  it("are files that promtool takes", () => {
    execFileSync("promtool", ["check", "rules", join(OBSERVABILITY, "alerts.yaml")], { stdio: "pipe" });
    execFileSync("promtool", ["check", "config", join(OBSERVABILITY, "prometheus.yaml")], { stdio: "pipe" });
  });

  it("find something for every query of a dashboard", async () => {
    const queries = dashboardQueries("10s");
    assert.ok(queries.length > 80, `${queries.length}`);
    const empty: string[] = [];
    for (const { title, expr } of queries) {
      const found = await scene.prometheus.query(expr);
      if (found.every(({ value }) => Number.isNaN(value))) empty.push(title);
    }
    assert.deepEqual(empty, Object.keys(MAY_BE_EMPTY));
  });

  it("find values for every variable of a dashboard", async () => {
    for (const { title, expr, label } of variableQueries()) {
      const found = await scene.prometheus.query(expr);
      assert.ok(
        found.some(({ metric }) => (metric[label] ?? "") !== ""),
        title,
      );
    }
  });

  it("have no alert while all is well", async () => {
    const there: string[] = [];
    for (const { title, expr } of alerts()) if ((await scene.prometheus.query(expr)).length > 0) there.push(title);
    assert.deepEqual(there, []);
    assert.deepEqual([...(await scene.prometheus.active())], []);
  });

  for (const { what, finds, act } of BREAKS) {
    it(`find ${what}: ${finds.join(", ")}`, async () => {
      const wanted = alerts().filter(({ title }) => finds.includes(title));
      assert.equal(wanted.length, finds.length);
      await act(scene);
      for (const { title, expr } of wanted) {
        await until(
          () => scene.prometheus.query(expr),
          (found) => found.length > 0,
          title,
        );
      }
    });
  }

  it("have no alert that is neither broken for here nor said why not", () => {
    const said = [...BREAKS.flatMap(({ finds }) => finds), ...Object.keys(NOT_BROKEN_FOR)].sort();
    assert.deepEqual(
      said,
      alerts()
        .map(({ title }) => title)
        .sort(),
    );
  });
});

/** Asks until the answer is right, for a minute. */
async function until<Answer>(
  ask: () => Promise<Answer>,
  isRight: (answer: Answer) => boolean,
  what: string = "",
): Promise<void> {
  for (let tries = 0; tries < 240; tries++) {
    if (isRight(await ask())) return;
    await waitMs(250);
  }
  assert.fail(`not within a minute: ${what}`);
}
