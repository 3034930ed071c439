// The endpoints of a simulated world: how each answers, and who has probed it when.

/** How an endpoint is. */
export type Mood = "well" | "refusing" | "hanging";

/** One scheduled or other probe, as the endpoint saw it begin. */
export interface SeenProbe {
  readonly atMs: number;
  readonly node: string;
  readonly kind: "scheduled" | "extra" | "private";
}

/** One endpoint. */
export class SimEndpoint {
  readonly name: string;
  /** As nodes call it: the real judge chooses it. */
  target: string;
  mood: Mood = "well";
  /** Since when it is in its mood. */
  sinceMs = 0;
  /** It was never anything but well. */
  wasAlwaysWell = true;
  readonly probes: SeenProbe[] = [];

  constructor(index: number) {
    this.name = `10.0.0.${index + 1}:80`;
    this.target = (0x1000 + index * 7_919).toString(16).padStart(16, "0");
  }

  /** From now on it answers so. */
  turn(mood: Mood, nowMs: number): void {
    this.mood = mood;
    this.sinceMs = nowMs;
    if (mood !== "well") this.wasAlwaysWell = false;
  }
}
