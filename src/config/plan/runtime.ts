// The layered runtime: what a plan's layers say, and what an admin page has set since. Made by compile/runtime.ts; asked by whoever has
// a key of its own, on any thread.

/** Envoy's `layered_runtime`, flattened layer by layer; later layers win. */
export interface RuntimePlan {
  readonly layers: readonly RuntimeLayerPlan[];
}

/** One layer. Static entries are dotted keys with their text. */
export interface RuntimeLayerPlan {
  readonly name: string;
  readonly kind: "static" | "admin" | "disk" | "rtds";
  readonly entries: Readonly<Record<string, string>>;
}

/** Final runtime values. */
export interface RuntimeView {
  /** The final text of a key, undefined when no layer sets it. */
  get(key: string): string | undefined;
  /** Changes whenever an entry may have; absent: none ever does. */
  readonly version?: number;
}

/** A whole number of the runtime, `otherwise` when the key is absent or not a whole number. */
export function runtimeInteger(runtime: RuntimeView, key: string, otherwise: number): number {
  const text = runtime.get(key);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : otherwise;
}

/** The runtime of a plan with what admin pages have set, as it is now. */
export function runtimeNow(plan: RuntimePlan, overrides: Readonly<Record<string, string>>): RuntimeView {
  const runtime = new LayeredRuntime();
  runtime.applyPlan(plan);
  runtime.applyOverrides(overrides);
  return runtime;
}

/** Later layers win; admin overrides stand where the plan has its admin layer, and count for nothing without one, as in Envoy. */
export class LayeredRuntime implements RuntimeView {
  version: number = 0;
  private plan: RuntimePlan = { layers: [] };
  private overrides: Readonly<Record<string, string>> = {};
  private entries: ReadonlyMap<string, string> = new Map();

  get(key: string): string | undefined {
    return this.entries.get(key);
  }

  applyPlan(plan: RuntimePlan): void {
    this.plan = plan;
    this.flatten();
  }

  /** Replaces what admin pages have set. */
  applyOverrides(overrides: Readonly<Record<string, string>>): void {
    this.overrides = overrides;
    this.flatten();
  }

  private flatten(): void {
    const entries = new Map<string, string>();
    for (const layer of this.plan.layers) {
      const own = layer.kind === "admin" ? this.overrides : layer.entries;
      for (const [key, text] of Object.entries(own)) entries.set(key, text);
    }
    this.entries = entries;
    this.version++;
  }
}
