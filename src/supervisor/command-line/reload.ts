// SIGHUP: the file is read again, and takes the place of the configuration that serves, or is refused with every mistake in it. Called by
// serve.ts.
import type { Clock } from "../../base/clock.ts";
import { formatDiagnostic } from "../../config/load/format-diagnostic.ts";
import type { ServeOptions } from "../../messages/options.ts";
import type { Logger } from "../log/logger.ts";
import type { RunningNode } from "../node.ts";
import type { ReloadOutcome } from "../reload.ts";
import { loadConfiguration } from "./load-configuration.ts";

/** The reloads of a process: one at a time; what is asked for meanwhile is one more. */
export class Reloads {
  private readonly options: ServeOptions;
  private readonly log: Logger;
  private readonly clock: Clock;
  private isBusy = false;
  private isAsked = false;

  constructor(options: ServeOptions, log: Logger, clock: Clock) {
    this.options = options;
    this.log = log;
    this.clock = clock;
  }

  /** Reads the configuration again for this node. */
  async ask(node: RunningNode): Promise<void> {
    this.isAsked = true;
    if (this.isBusy) return;
    this.isBusy = true;
    while (this.isAsked) {
      this.isAsked = false;
      await this.once(node);
    }
    this.isBusy = false;
  }

  private async once(node: RunningNode): Promise<void> {
    const { log, options, clock } = this;
    const beganMs = clock.nowMs();
    const configuration = loadConfiguration(options);
    for (const warning of configuration.warnings) log.warning("config", formatDiagnostic(warning));
    const outcome = configuration.ok
      ? await node.reload.take(configuration)
      : node.reload.refuse(configuration.errors.map(formatDiagnostic));
    this.tell(outcome, Math.round(clock.nowMs() - beganMs));
  }

  private tell(outcome: ReloadOutcome, tookMs: number): void {
    const { log } = this;
    const file = this.options.configPath || "the configuration";
    if (outcome.kind === "refused") {
      for (const error of outcome.errors) log.error("config", error);
      const { length } = outcome.errors;
      log.error("config", `${file} is refused for ${length === 1 ? "this" : `these ${length}`}; what served serves on`);
      return;
    }
    const what = outcome.text === "" ? "nothing has changed" : outcome.text;
    log.info("config", `${file} reloaded in ${tookMs} ms: ${what}`);
  }
}
