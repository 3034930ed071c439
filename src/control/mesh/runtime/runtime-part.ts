// The mesh actor's part in the shared runtime: a node whose configuration has a place for the layer takes part, any other one notices that there is
// something, says so once, and ignores it. Made by mesh-actor.ts.

import type { RuntimeKnowledge } from "../../../config/plan/runtime-keys.ts";
import type { RuntimeMembership } from "../../../messages/mesh.ts";
import type { ClusterFigures, MeshRuntimeView } from "../../../messages/mesh-runtime.ts";
import { RuntimeHost, type RuntimeHostParts } from "./runtime-host.ts";

/** What it stands on. */
export interface RuntimePartParts extends Omit<RuntimeHostParts, "caughtUp"> {
  set(gauge: "runtime_keys" | "runtime_ramps" | "runtime_version", value: number): void;
  ignored(): void;
  /** Something is said that this node's configuration has no place for; once. */
  warn(text: string): void;
}

/** One node's part. */
export class RuntimePart {
  private readonly parts: RuntimePartParts;
  private readonly host: RuntimeHost | null;
  private held: (() => void) | null = null;

  constructor(parts: RuntimePartParts, { hasLayer, knowledge, records }: RuntimeMembership) {
    this.parts = parts;
    const caughtUp = (): void => {
      this.held?.();
      this.held = null;
    };
    this.host = hasLayer ? new RuntimeHost({ ...parts, caughtUp }, records) : null;
    this.host?.know(knowledge);
    if (!hasLayer) this.standBy();
  }

  /** What this node's configuration says of keys, from now on. */
  know(knowledge: RuntimeKnowledge): void {
    this.host?.know(knowledge);
  }

  busChanged(isUp: boolean): void {
    this.host?.busChanged(isUp);
  }

  /** What this node has counted of a watched cluster. */
  figuresTold(cluster: string, figures: ClusterFigures): void {
    this.host?.figuresTold(cluster, figures);
  }

  /** Tells that this node may serve, or may not: not before it knows what peers know of the runtime, when `hasPeers`. */
  tellReady(hasPeers: boolean, tell: () => void): void {
    const waits = hasPeers && this.host !== null && !this.host.isCaughtUp;
    this.held = waits ? tell : null;
    if (!waits) tell();
  }

  /** Null: this node has no such layer. */
  view(): MeshRuntimeView | null {
    return this.host?.view() ?? null;
  }

  /** Brings its gauges up to date. */
  show(): void {
    const view = this.view();
    if (view === null) return;
    const { set } = this.parts;
    set("runtime_keys", view.keys.filter(({ value }) => value !== "").length);
    set("runtime_ramps", view.keys.filter(({ phase }) => phase === "running").length);
    set("runtime_version", view.version);
  }

  stop(): void {
    this.host?.stop();
  }

  private standBy(): void {
    const { bus, subjects, ignored, warn } = this.parts;
    let isSaid = false;
    bus.subscribe(subjects.runtimeRecord, () => {
      ignored();
      if (!isSaid) warn(IGNORED);
      isSaid = true;
    });
  }
}

const IGNORED =
  "somebody changes runtime keys of the mesh: ignored here, since the configuration has no runtime_layer in its starling.mesh.v1.Mesh extension";
