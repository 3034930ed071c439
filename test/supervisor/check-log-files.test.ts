import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { Plan } from "../../src/config/plan/plan.ts";
import { checkLogFiles } from "../../src/supervisor/check-log-files.ts";
import { StartError } from "../../src/supervisor/start-error.ts";
import { httpCheck } from "../control/health/health-simulation.ts";
import { clusterPlan } from "../support/cluster-plans.ts";
import { listener, manager } from "../support/listener-plans.ts";
import { barePlan } from "../support/plans.ts";

describe("the log files of a plan", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "logs-"));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A plan that logs into these files. */
  function planOf(access: string, checks: string, outliers: string): Plan {
    const log = { sink: "file", path: access, format: [], json: null, omitEmpty: false, filter: null } as const;
    const check = httpCheck({ eventLogPaths: [checks] });
    return barePlan([listener(manager({ accessLogs: [log] }))], {
      clusters: [clusterPlan("c", [], { healthChecks: [check] }), clusterPlan("d", [], { healthChecks: [check] })],
      outlierLogPath: outliers,
    });
  }

  it("are all made when they can be", () => {
    const paths = ["access", "checks", "outliers"].map((name) => join(folder, name));
    const [access = "", checks = "", outliers = ""] = paths;
    checkLogFiles(planOf(access, checks, outliers));
    assert.deepEqual(paths.map(existsSync), [true, true, true]);
  });

  it("are not asked for where there are none", () => {
    checkLogFiles(barePlan([]));
  });

  for (const [at, name] of ["access log", "event log of health checks", "event log of outlier detection"].entries()) {
    it(`end the start when one cannot be opened: ${name}`, () => {
      const path = join(folder, "nowhere", "log");
      const [access = "", checks = "", outliers = ""] = [0, 1, 2].map((one) => (one === at ? path : "/dev/null"));
      assert.throws(
        () => checkLogFiles(planOf(access, checks, outliers)),
        new StartError(`unable to open ${name} '${path}': No such file or directory`),
      );
    });
  }
});
