// The layered runtime as one worker's requests see it: the plan's layers flattened once, and what an admin page has set since.
import type { RuntimePlan } from "../config/plan/plan.ts";
import type { RuntimeView } from "./routing/runtime-view.ts";

/** Later layers win; admin overrides stand where the plan has its admin layer, and count for nothing without one, as in Envoy. */
export class LayeredRuntime implements RuntimeView {
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
  }
}
