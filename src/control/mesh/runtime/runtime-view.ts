// The mesh's runtime for people who look at it: reads the state and changes nothing. Called by runtime-host.ts.
import type { MeshRuntimeView } from "../../../messages/mesh-runtime.ts";
import { driverOf } from "./ramps.ts";
import { runtimeText } from "./runtime-record.ts";
import type { RuntimeState } from "./runtime-state.ts";

/** The view at `nowMs`, the clock that the state was stepped with. */
export function runtimeView(state: RuntimeState, nowMs: number): MeshRuntimeView {
  const records = [...state.records.values()].map(({ record }) => record);
  return {
    version: state.version,
    keys: records
      .sort((one, other) => (one.key < other.key ? -1 : 1))
      .map((record) => ({
        key: record.key,
        value: runtimeText(record),
        to: record.value,
        before: record.before,
        phase: record.phase,
        step: record.step,
        steps: record.steps,
        stepMs: record.stepMs,
        guards: record.guards.map(({ cluster, rule }) => `${cluster}: ${rule}`),
        reason: record.reason,
        writer: record.writer,
        version: record.version,
        changedWallMs: record.wallMs,
        driver: record.phase === "running" ? driverOf(state, record.change, nowMs) : "",
      })),
  };
}
