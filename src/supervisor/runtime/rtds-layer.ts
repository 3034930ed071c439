// A runtime layer that comes from a discovery server or from a file with its response. Opened by open-layer.ts; listeners wait for the
// first answer, for so long as the layer says.
import { readFileSync } from "node:fs";
import { OneShots } from "../../base/one-shots.ts";
import { systemText } from "../../base/system-text.ts";
import { loadMessageText } from "../../config/load/load-config.ts";
import { toProtoJson } from "../../config/load/to-proto-json.ts";
import type { NodePlan } from "../../config/plan/plan.ts";
import type { RtdsLayerPlan, RuntimeEntries } from "../../config/plan/runtime.ts";
import type { RtdsClientParts } from "../../control/discovery/rtds-client.ts";
import { count } from "../../telemetry/stats-add.ts";
import type { LayerSource } from "./runtime-stack.ts";
import { watchMoves } from "./watch-moves.ts";

/** What it stands on. */
export interface RtdsLayerParts extends RtdsClientParts {
  readonly node: NodePlan;
  onChanged(): void;
  /** A line for the log. */
  warn(text: string): void;
}

/** Begins to ask. */
export function openRtdsLayer(plan: RtdsLayerPlan, parts: RtdsLayerParts): LayerSource {
  return new RtdsLayer(plan, parts);
}

class RtdsLayer implements LayerSource {
  /** Settles with the first answer, be it refused, or when its time is over. */
  readonly answered: Promise<void>;
  private readonly plan: RtdsLayerPlan;
  private readonly parts: RtdsLayerParts;
  private readonly timers: OneShots;
  private entries: RuntimeEntries = {};
  private settle: () => void = () => {};
  private isAnswered = false;
  private isClosed = false;
  private lastFault = "";
  private stop: () => void = () => {};

  constructor(plan: RtdsLayerPlan, parts: RtdsLayerParts) {
    this.plan = plan;
    this.parts = parts;
    this.timers = new OneShots(parts.net.wheel);
    this.answered = new Promise((resolve) => {
      this.settle = resolve;
    });
    for (const name of COUNTERS) parts.stats.counter(`runtime.${name}`);
    this.count("update_attempt");
    if (Number.isFinite(plan.firstAnswerMs)) this.timers.after(plan.firstAnswerMs, () => this.timedOut());
    if (plan.source.kind === "file") this.openFile(plan.source.path);
    else void this.openStream(plan.source);
  }

  read(): RuntimeEntries {
    return this.entries;
  }

  close(): void {
    this.isClosed = true;
    this.timers.stop();
    this.stop();
    this.settle();
  }

  private async openStream(source: Extract<RtdsLayerPlan["source"], { kind: "grpc" }>): Promise<void> {
    // Loaded here only: most nodes have no such layer, and start sooner without an HTTP/2 client on this thread.
    const { RtdsClient } = await import("../../control/discovery/rtds-client.ts");
    if (this.isClosed) return;
    const client = new RtdsClient(this.parts, source, {
      terms: { resource: this.plan.resource, node: this.parts.node },
      listener: {
        onEntries: (entries) => this.accepted(entries),
        onRefused: (text) => this.refused(text),
        onFailed: (text) => this.failed(text),
      },
    });
    this.stop = () => client.close();
  }

  private openFile(path: string): void {
    const watcher = watchMoves(path, () => {
      this.count("update_attempt");
      void this.readFile(path);
    });
    this.stop = () => watcher?.close();
    void this.readFile(path);
  }

  private async readFile(path: string): Promise<void> {
    const { takeResponse } = await import("../../control/discovery/rtds-session.ts");
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      this.failed(`${path}: ${systemText(error)}`);
      return;
    }
    const { message, errors } = loadMessageText(text, RESPONSE, { file: path });
    const { resource } = this.plan;
    const taken =
      message === null
        ? new Error(errors[0]?.message)
        : takeResponse({ resource, dialect: "sotw" }, toProtoJson(message));
    if (taken instanceof Error) this.refused(taken.message);
    else this.accepted(taken.entries);
  }

  private accepted(entries: RuntimeEntries): void {
    if (this.isClosed) return;
    this.entries = entries;
    this.lastFault = "";
    this.count("update_attempt");
    this.count("update_success");
    this.parts.onChanged();
    this.answer();
  }

  private refused(text: string): void {
    this.count("update_attempt");
    this.count("update_rejected");
    this.parts.warn(`runtime layer '${this.plan.name}': an update is refused: ${text}`);
    this.answer();
  }

  private failed(text: string): void {
    this.count("update_failure");
    if (text !== this.lastFault) this.parts.warn(`runtime layer '${this.plan.name}': ${text}; what it said holds`);
    this.lastFault = text;
  }

  private timedOut(): void {
    if (this.isAnswered) return;
    this.count("init_fetch_timeout");
    this.parts.warn(
      `runtime layer '${this.plan.name}' had no answer in ${this.plan.firstAnswerMs} ms: serving without`,
    );
    this.answer();
  }

  private answer(): void {
    this.isAnswered = true;
    this.settle();
  }

  private count(name: (typeof COUNTERS)[number]): void {
    const { values, at } = this.parts.stats.counter(`runtime.${name}`);
    count(values, at);
  }
}

const RESPONSE = "envoy.service.discovery.v3.DiscoveryResponse";
const COUNTERS = [
  "init_fetch_timeout",
  "update_attempt",
  "update_failure",
  "update_rejected",
  "update_success",
] as const;
