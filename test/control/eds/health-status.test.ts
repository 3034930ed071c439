import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { EndpointPlan } from "../../../src/config/plan/cluster.ts";
import { NO_ENDPOINT_CHECK } from "../../../src/config/plan/health-check.ts";
import { type HealthStatus, healthStatus } from "../../../src/control/eds/health-status.ts";
import { HealthFlag as Flag } from "../../../src/telemetry/health-table.ts";
import { endpoint } from "../../support/cluster-plans.ts";

const UNCHECKED = { check: { ...NO_ENDPOINT_CHECK, disabled: true } };
const OUT_AT_ONCE = Flag.FailedActiveHc | Flag.ExcludedViaImmediateHcFail;

const ROWS: readonly (readonly [string, number, Partial<EndpointPlan>, boolean, HealthStatus | null])[] = [
  ["passes its checks", 0, {}, true, "HEALTHY"],
  ["has no checks", 0, {}, false, "UNKNOWN"],
  ["is left out of the checks", 0, UNCHECKED, true, "UNKNOWN"],
  ["is healthy by the file, without checks", 0, { health: "healthy" }, false, "HEALTHY"],
  ["fails its checks", Flag.FailedActiveHc, {}, true, "UNHEALTHY"],
  ["fails them by time-outs", Flag.FailedActiveHc | Flag.ActiveHcTimeout, {}, true, "UNHEALTHY"],
  ["asked for its end in an answer", OUT_AT_ONCE, {}, true, "UNHEALTHY"],
  ["fails, healthy by the file", Flag.FailedActiveHc, { health: "healthy" }, true, "UNHEALTHY"],
  ["is degraded by its checks", Flag.DegradedActiveHc, {}, true, "DEGRADED"],
  ["is degraded by the file", Flag.DegradedEdsHealth, { health: "degraded" }, false, "DEGRADED"],
  ["is degraded and fails", Flag.DegradedActiveHc | Flag.FailedActiveHc, {}, true, "UNHEALTHY"],
  ["is unhealthy by the file, and passes", 0, { health: "unhealthy" }, true, "UNHEALTHY"],
  ["drains by the file, and fails", Flag.FailedActiveHc, { health: "draining" }, true, "DRAINING"],
  ["timed out by the file", 0, { health: "timeout" }, false, "TIMEOUT"],
  ["was ejected by this node's own traffic", Flag.FailedOutlierCheck, {}, true, "HEALTHY"],
  ["was degraded by this node's own traffic", Flag.DegradedOutlierDetection, {}, false, "UNKNOWN"],
  ["was dropped by discovery and stays while it passes", Flag.PendingDynamicRemoval, {}, true, "HEALTHY"],
  ["waits for its first check, uncounted", Flag.PendingActiveHc | Flag.FailedActiveHc, {}, true, null],
];

describe("the health that clients are told of an endpoint that", () => {
  for (const [what, flags, plan, isChecked, status] of ROWS) {
    it(`${what}: ${status ?? "nothing of it"}`, () => {
      assert.equal(healthStatus(flags, { ...endpoint(1, plan), slot: 0 }, isChecked), status);
    });
  }
});
