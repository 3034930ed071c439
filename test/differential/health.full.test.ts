// The clusters of test/golden/health, their endpoints lying in every way, probed by the real Envoy and by Starling at the same time:
// flags, counters and event logs compared over twenty seconds.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { envoyInstalled, type Program } from "../support/live-proxy.ts";
import { CLUSTERS, HealthRun, SECONDS } from "./health-run.ts";

describe("active health checks, the real Envoy beside Starling", function () {
  this.timeout(90_000);
  const runs = new Map<Program, HealthRun>();

  before(async function () {
    if (!envoyInstalled()) this.skip();
    for (const program of ["envoy", "starling"] as const) runs.set(program, await HealthRun.begin(program));
    // Nobody is ended who still goes on.
    const played = await Promise.allSettled([...runs.values()].map((run) => run.play()));
    for (const one of played) if (one.status === "rejected") throw one.reason;
  });

  after(async () => {
    for (const run of runs.values()) await run.end();
  });

  const both = (): [HealthRun, HealthRun] => {
    const [envoy, starling] = [runs.get("envoy"), runs.get("starling")];
    if (envoy === undefined || starling === undefined) throw new Error("not started");
    return [envoy, starling];
  };

  for (const [cluster] of CLUSTERS) {
    it(`${cluster} shows the same every second`, () => {
      const [envoy, starling] = both();
      const names = [...new Set([...envoy.namesOf(cluster), ...starling.namesOf(cluster)])];
      assert.ok(names.length >= 12, names.join(" "));
      for (const name of names) {
        for (let second = 1; second <= SECONDS; second++) {
          for (const [one, other] of [[envoy, starling] as const, [starling, envoy] as const]) {
            const value = one.at(name, second * 1_000);
            const around = other.around(name, second * 1_000);
            const what = `second ${second}: ${name} is ${value} in ${one.program} and ${around} in ${other.program}`;
            assert.ok(around.includes(value), what);
          }
        }
      }
    });

    it(`${cluster} writes the same events`, () => {
      const [envoy, starling] = both();
      assert.deepEqual(starling.events(cluster), envoy.events(cluster));
    });
  }
});
