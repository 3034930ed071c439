// What the probe target saw in a window, and how to ask it.

/** Probes from the endpoints' side. */
export interface TargetWindow {
  readonly seconds: number;
  /** Addresses that were ever probed. */
  readonly addresses: number;
  /** Probes of the window that had a predecessor. */
  readonly probes: number;
  /** Connections that came in the window. */
  readonly connections: number;
  /** Time between two probes of one address. */
  readonly gapMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** How many gaps begin at so many ms, in steps of 50. */
  readonly gapsMs: readonly (readonly [number, number])[];
  /** Longest time that an address waits for its next probe, at the end of the window. */
  readonly silentMs: number;
}

/** Ends the target's window, begins another and answers what the ended one saw. */
export async function endWindow(controlPort: number): Promise<TargetWindow> {
  return (await (await fetch(`http://127.0.0.1:${controlPort}/`)).json()) as TargetWindow;
}

/** Probes that came later than `lateMs` after their predecessor, those that did not come yet at the end not counted. */
export function lateProbes(window: TargetWindow, lateMs: number): number {
  return window.gapsMs.reduce((sum, [from, count]) => sum + (from >= lateMs ? count : 0), 0);
}
