// `starling -c FILE`: loads, starts a node, and ends the process when a signal or a page says so.
import { systemClock } from "../../base/clock.ts";
import { systemText } from "../../base/system-text.ts";
import { formatDiagnostic } from "../../config/load/format-diagnostic.ts";
import type { ServeOptions } from "../../messages/options.ts";
import { checkAddressFree, findFreePort } from "../../net/probe.ts";
import type { Logger } from "../log/logger.ts";
import { loggerOf } from "../log/logger-of.ts";
import { type RunningNode, startNode } from "../node.ts";
import { handleSignals } from "../signals.ts";
import { StartError } from "../start-error.ts";
import { VERSION } from "../version.ts";
import { type Configuration, loadConfiguration } from "./load-configuration.ts";
import { Reloads } from "./reload.ts";

/** Serves until told to end. Sets the exit code to 1 when it cannot start. */
export async function serve(options: ServeOptions): Promise<void> {
  const configuration = loadConfiguration(options);
  if (!configuration.ok) {
    for (const error of configuration.errors) process.stderr.write(`${formatDiagnostic(error)}\n`);
    process.exitCode = 1;
    return;
  }
  const log = openLog(options);
  if (log === null) return;
  log.info(
    "main",
    `starling ${VERSION}, concurrency ${options.concurrency}, ${options.configPath || "inline configuration"}`,
  );
  for (const warning of configuration.warnings) log.warning("config", formatDiagnostic(warning));
  await run(options, configuration, log);
}

async function run(options: ServeOptions, configuration: Configuration & { ok: true }, log: Logger): Promise<void> {
  let node: RunningNode | null = null;
  let isQuitting = false;
  const quit = (): void => {
    // Whoever asks twice does not wait for peers to take over.
    if (isQuitting) process.exit(0);
    isQuitting = true;
    log.info("main", "exiting");
    void (node?.stop() ?? Promise.resolve()).then(() => process.exit(0));
  };
  const onFatal = (reason: string): void => {
    process.stderr.write(`starling: ${reason}\n`);
    void (node?.stop() ?? Promise.resolve()).then(() => process.exit(1));
  };
  const reloads = new Reloads(options, log, systemClock);
  handleSignals(log, {
    quit,
    reopenLogs: () => node?.view.orders.reopenLogs(),
    reload: () => {
      if (node === null) log.warning("main", "the node has just begun: it serves what it began with");
      else void reloads.ask(node);
    },
  });
  const { plan, bootstrap } = configuration;
  try {
    const probes = { checkAddressFree, findFreePort };
    node = await startNode({ options, plan, bootstrap, log, probes, onQuit: quit, onFatal });
    log.info("main", "starting main dispatch loop");
  } catch (error) {
    const isPlain = error instanceof StartError;
    process.stderr.write(`starling: ${isPlain ? error.message : String((error as Error).stack)}\n`);
    process.exit(1);
  }
}

function openLog(options: ServeOptions): Logger | null {
  try {
    return loggerOf(systemClock, options);
  } catch (error) {
    process.stderr.write(`starling: --log-path: cannot open '${options.logPath}': ${systemText(error)}\n`);
    process.exitCode = 1;
    return null;
  }
}
