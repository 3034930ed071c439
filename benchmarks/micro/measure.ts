// Times one function for about a quarter of a second and prints the median of its batches: the shared part of all micro benchmarks.

/** Runs `work` in batches and prints nanoseconds per call, divided by `perCall` when a call does several things. */
export function measure(name: string, work: () => void, perCall: number = 1): number {
  let batch = 1;
  for (let took = 0; took < 2; batch *= 2) took = timeOf(work, batch);
  const samples: number[] = [];
  const end = performance.now() + 150;
  while (performance.now() < end || samples.length < 9) samples.push((timeOf(work, batch) * 1e6) / batch / perCall);
  samples.sort((a, b) => a - b);
  const median = samples[samples.length >> 1] as number;
  console.log(`${name.padEnd(68)} ${median.toFixed(median < 100 ? 1 : 0).padStart(8)} ns`);
  return median;
}

function timeOf(work: () => void, times: number): number {
  const start = performance.now();
  for (let i = 0; i < times; i++) work();
  return performance.now() - start;
}
