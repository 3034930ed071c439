// Measures a bar of the mesh beside a thread that only wakes up.
import assert from "node:assert/strict";
import { besideSleeper } from "../machine-late.ts";
import type { MeasuredBar, MeshBar } from "./bar.ts";

/** Measures it once. */
export function measureBar({ name, scenario, figures, measure }: MeshBar): Promise<MeasuredBar> {
  return besideSleeper(async (lateMs) => {
    const values = await measure();
    assert.equal(values.length, figures.length);
    const measured = figures.map((figure, i) => ({ ...figure, value: values[i] ?? Number.NaN }));
    return { name, scenario, machineLateMs: lateMs(), figures: measured };
  });
}
