// The runtime of a running node: the layers of its plan as they are now, one over the other. Made by the supervisor, which tells every
// thread the flattened values; admin pages show the layers. How a kind of layer is filled is in open-layer.ts.

import { equalData } from "../../base/equal-data.ts";
import type { RuntimeEntries, RuntimeLayerPlan, RuntimePlan } from "../../config/plan/runtime.ts";
import { flattened, RuntimeValues, type RuntimeView } from "../../config/plan/runtime.ts";
import type { RuntimeLayerNow } from "../../control/admin/view.ts";
import { addTo } from "../../telemetry/stats-add.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";

/** What fills one layer while the node runs. */
export interface LayerSource {
  /** Its entries now; null: the layer is not there; an Error: it cannot be read, and the node goes on without it. */
  read(): RuntimeEntries | null | Error;
  close(): void;
  /** Settles when listeners need not wait for it any more; absent: they need not. */
  readonly answered?: Promise<void>;
}

/** Opens the source of a layer; `onChanged`: it has other entries. */
export type OpenLayer = (layer: RuntimeLayerPlan, onChanged: () => void) => LayerSource;

/** What it stands on. */
export interface RuntimeStackParts {
  readonly stats: StatsWriter;
  readonly open: OpenLayer;
  /** The values are these from now on. */
  publish(entries: RuntimeEntries): void;
  /** A layer cannot be read; said once until it can. */
  warn(text: string): void;
}

/** The layers of one node. */
export class RuntimeStack {
  /** The final values, for what is asked on the main thread. */
  readonly values: RuntimeView;
  private readonly own: RuntimeValues = new RuntimeValues();
  private readonly parts: RuntimeStackParts;
  private opened: readonly { readonly plan: RuntimeLayerPlan; readonly source: LayerSource }[] = [];
  private now: readonly RuntimeLayerNow[] = [];
  private entriesNow: RuntimeEntries = {};
  private overrides: RuntimeEntries = {};
  private readonly faults = new Map<string, string>();

  constructor(parts: RuntimeStackParts) {
    this.parts = parts;
    this.values = this.own;
  }

  /** Layers that are there, as they are now, in the order of the plan. */
  get layers(): readonly RuntimeLayerNow[] {
    return this.now;
  }

  /** All of them together. */
  get entries(): RuntimeEntries {
    return this.entriesNow;
  }

  /** Layers that listeners wait for: their names, and when all have answered. */
  get awaited(): { readonly names: readonly string[]; readonly answered: Promise<unknown> } {
    const awaited = this.opened.filter(({ source }) => source.answered !== undefined);
    const answered = Promise.all(awaited.map(({ source }) => source.answered));
    return { names: awaited.map(({ plan }) => plan.name), answered };
  }

  /** Takes a plan's layers; one that is as it was keeps its source. */
  assign({ layers }: RuntimePlan): void {
    const before = [...this.opened];
    const isSame = equalData(
      before.map(({ plan }) => plan),
      layers,
    );
    if (isSame && this.own.version > 0) return;
    this.opened = layers.map((plan) => {
      const at = before.findIndex((one) => equalData(one.plan, plan));
      const [kept] = at < 0 ? [] : before.splice(at, 1);
      return kept ?? { plan, source: this.open(plan) };
    });
    for (const { source } of before) source.close();
    this.load();
  }

  /** /runtime_modify: sets keys of the admin layer; an empty text takes a key back. */
  modify(entries: RuntimeEntries): void {
    const merged = { ...this.overrides, ...entries };
    this.overrides = Object.fromEntries(Object.entries(merged).filter(([, text]) => text !== ""));
    this.load();
  }

  /** Reads every layer again: once more when all is there that listeners wait for, as Envoy. */
  reload(): void {
    this.load();
  }

  /** Watches nothing any more. */
  close(): void {
    for (const { source } of this.opened) source.close();
    this.opened = [];
  }

  private open(plan: RuntimeLayerPlan): LayerSource {
    if (plan.kind === "admin") return { read: () => this.overrides, close() {} };
    return this.parts.open(plan, () => this.load());
  }

  /** Reads every layer, whichever has changed, as Envoy: what lies on a disk is read again with the next change of any layer. */
  private load(): void {
    const now: RuntimeLayerNow[] = [];
    let disks = 0;
    const failed = new Set<string>();
    for (const { plan, source } of this.opened) {
      const entries = source.read();
      if (entries instanceof Error) failed.add(this.fails(plan.name, entries.message));
      else if (entries !== null) {
        now.push({ name: plan.name, kind: plan.kind, entries });
        if (plan.kind === "disk") disks++;
      }
    }
    for (const name of [...this.faults.keys()]) if (!failed.has(name)) this.faults.delete(name);
    this.now = now;
    this.entriesNow = flattened(now);
    this.own.assign(this.entriesNow);
    this.count(failed.size === 0, disks);
    this.parts.publish(this.entriesNow);
  }

  private fails(name: string, text: string): string {
    if (this.faults.get(name) !== text) this.parts.warn(`runtime layer '${name}' is left out: ${text}`);
    this.faults.set(name, text);
    return name;
  }

  private count(isWhole: boolean, disks: number): void {
    const { stats } = this.parts;
    for (const name of COUNTERS) stats.counter(`runtime.${name}`);
    const counted = [
      isWhole ? "load_success" : "load_error",
      // Envoy counts a directory over another: one alone is no override.
      disks > 1 ? "override_dir_exists" : "override_dir_not_exists",
    ];
    for (const name of counted) addTo(stats.counter(`runtime.${name}`), 1);
  }
}

const COUNTERS = ["load_success", "load_error", "override_dir_exists", "override_dir_not_exists"] as const;
