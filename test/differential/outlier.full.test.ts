// The same failing endpoints behind the real Envoy and behind Starling: who is ejected, for how long, what is counted and logged.
import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { envoyInstalled, type Program } from "../support/live-proxy.ts";
import { CLUSTERS } from "./outlier-clusters.ts";
import { OutlierStage } from "./outlier-stage.ts";

/** What is asked of a cluster, in this order, and what it comes to. */
const STEPS: Readonly<Record<string, (stage: OutlierStage) => Promise<unknown>>> = {
  "row: five failures on two endpoints eject one or none, six both; a panic serves on; both come back": async (
    stage,
  ) => {
    const seen: unknown[] = [await stage.ask("row", 6, "status/500")];
    await stage.ejected("row", 2);
    seen.push(await stage.standing("row"), await stage.ask("row", 2, "status/200"));
    await stage.ejected("row", 0);
    return [...seen, await stage.standing("row")];
  },
  "again: one that fails on is ejected a second time, for longer": async (stage) => {
    await stage.askUntil("again", "status/503", "ejections_enforced_total", 2);
    await stage.ejected("again", 0);
    return stage.standing("again");
  },
  "gateway: 500 between 502, 503 and 504 begins the row anew; the runtime's three make it full": async (stage) => {
    const seen: unknown[] = [];
    for (const status of [502, 503, 500, 504, 502]) seen.push(await stage.ask("gateway", 1, `status/${status}`));
    seen.push(await stage.standing("gateway"), await stage.ask("gateway", 1, "status/503"));
    await stage.ejected("gateway", 1);
    seen.push(await stage.standing("gateway"), await stage.ask("gateway", 2, "status/200"));
    // The connection ended with the ejection, and the panic made a new one.
    for (const name of ["upstream_cx_total", "upstream_cx_destroy_local", "lb_healthy_panic"]) {
      seen.push(await stage.number(`cluster.gateway.${name}`));
    }
    return seen;
  },
  "lax: what is not enforced is told and counted": async (stage) => {
    await stage.ask("lax", 2, "status/500");
    await stage.counted("lax", "ejections_total", 1);
    await stage.ask("lax", 3, "status/500");
    await stage.counted("lax", "ejections_total", 2);
    return stage.standing("lax");
  },
  "limited: half of two may be ejected": async (stage) => {
    await stage.ask("limited", 4, "status/500");
    await stage.ejected("limited", 1);
    await stage.counted("limited", "ejections_overflow", 1);
    return stage.standing("limited");
  },
  "never: ten percent of two is nobody": async (stage) => {
    await stage.ask("never", 4, "status/500");
    await stage.counted("never", "ejections_overflow", 2);
    await stage.ask("never", 4, "status/500");
    await stage.counted("never", "ejections_overflow", 4);
    return stage.standing("never");
  },
  "one: always_eject_one_host": async (stage) => {
    await stage.ask("one", 4, "status/500");
    await stage.ejected("one", 1);
    await stage.counted("one", "ejections_overflow", 1);
    return stage.standing("one");
  },
  "refused: connections apart from answers": async (stage) => {
    const statuses = await stage.ask("refused", 2, "x");
    await stage.ejected("refused", 1);
    return [statuses, await stage.standing("refused")];
  },
  "network: a reset, a timeout and a gRPC failure make a row": async (stage) => {
    const seen = [await stage.ask("network", 1, "reset"), await stage.ask("network", 1, "hang")];
    const headers = { "content-type": "application/grpc" };
    seen.push(await stage.ask("network", 1, "grpc/13", headers));
    await stage.ejected("network", 1);
    return [seen, await stage.standing("network")];
  },
  "deviant: one of five fails, by the factor of the runtime": async (stage) => {
    await stage.beginInterval("deviant");
    await stage.ask("deviant", 50, "bad");
    await stage.ejected("deviant", 1);
    return (await stage.standing("deviant")).stats;
  },
  "percentage: one of three fails": async (stage) => {
    await stage.beginInterval("percentage");
    await stage.ask("percentage", 30, "bad");
    await stage.ejected("percentage", 1);
    return (await stage.standing("percentage")).stats;
  },
  "checked: an active check that goes well lets in": async (stage) => {
    await stage.ask("checked", 2, "status/500");
    await stage.counted("checked", "ejections_enforced_total", 1);
    await stage.ejected("checked", 0);
    return stage.standing("checked");
  },
  "degraded: one of two says so twice": async (stage) => {
    const seen: unknown[] = [];
    for (const times of [1, 2]) {
      await stage.ask("degraded", 2, "degraded");
      await stage.counted("degraded", "ejections_detected_degradation", times);
      seen.push(await stage.standing("degraded"), await stage.number("cluster.degraded.membership_degraded"));
      await stage.ended("degraded");
      seen.push(await stage.standing("degraded"));
    }
    return seen;
  },
  "plain: no detection, no statistics": (stage) => stage.standing("plain"),
};

describe("outlier detection, the real Envoy beside Starling", function () {
  this.timeout(120_000);
  let envoy: Outcome;
  let starling: Outcome;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    envoy = await outcomeOf("envoy");
    starling = await outcomeOf("starling");
  });

  for (const title of Object.keys(STEPS)) {
    it(`is the same for ${title}`, () => {
      assert.ok(envoy.steps.get(title) !== undefined);
      assert.deepEqual(starling.steps.get(title), envoy.steps.get(title));
    });
  }

  it("has the same statistics, from the start and only with outlier detection", () => {
    assert.equal(envoy.names.get("row")?.length, 21);
    assert.deepEqual(starling.names, envoy.names);
  });

  it("writes the same event log", () => {
    // Two endpoints out and in again, one twice, and its gateway failures, that were found and not enforced.
    assert.equal(envoy.events.get("row")?.length, 4);
    assert.equal(envoy.events.get("again")?.length, 6);
    assert.deepEqual(starling.events, envoy.events);
  });
});

/** What a program did. */
interface Outcome {
  readonly steps: ReadonlyMap<string, unknown>;
  /** Statistics and event log by cluster. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  readonly events: ReadonlyMap<string, readonly string[]>;
}

async function outcomeOf(program: Program): Promise<Outcome> {
  const stage = await OutlierStage.start(program);
  try {
    const names = new Map<string, readonly string[]>();
    for (const cluster of Object.keys(CLUSTERS)) names.set(cluster, await stage.names(cluster));
    const steps = new Map<string, unknown>();
    for (const [title, step] of Object.entries(STEPS)) steps.set(title, await step(stage));
    const watched = Object.keys(CLUSTERS).filter((cluster) => CLUSTERS[cluster]?.detection !== "");
    for (const cluster of watched) await stage.ejected(cluster, 0);
    await stage.endProxy();
    const events = new Map(Object.keys(CLUSTERS).map((cluster) => [cluster, stage.events(cluster)]));
    return { steps, names, events };
  } finally {
    await stage.stop();
  }
}
