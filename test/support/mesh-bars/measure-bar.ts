// Measures a bar of the mesh beside a thread that only wakes up.
import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import type { MeasuredBar, MeshBar } from "./bar.ts";

/** Measures it once. */
export async function measureBar({ name, scenario, figures, measure }: MeshBar): Promise<MeasuredBar> {
  const lateMs = new Float64Array(new SharedArrayBuffer(8));
  const sleeper = new Worker(new URL("sleeper.mjs", import.meta.url), { workerData: lateMs });
  try {
    const values = await measure();
    assert.equal(values.length, figures.length);
    const measured = figures.map((figure, i) => ({ ...figure, value: values[i] ?? Number.NaN }));
    return { name, scenario, machineLateMs: lateMs[0] ?? 0, figures: measured };
  } finally {
    await sleeper.terminate();
  }
}
