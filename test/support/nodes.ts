// Whole nodes inside the test's process: supervisor, listener threads and discovery as they run in production, with a quiet log.
import { DEFAULT_RESTART_POLICY, type RestartPolicy } from "../../src/actor/restart-policy.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import type { ServeOptions } from "../../src/messages/options.ts";
import { checkAddressFree, findFreePort } from "../../src/net/probe.ts";
import { ENVOY_FLAGS, STARLING_FLAGS } from "../../src/supervisor/command-line/flags.ts";
import { parseFlags } from "../../src/supervisor/command-line/parse-flags.ts";
import { serveOptions } from "../../src/supervisor/command-line/serve-options.ts";
import { DEFAULT_LOGGER_OPTIONS, Logger } from "../../src/supervisor/log/logger.ts";
import { type RunningNode, startNode } from "../../src/supervisor/node.ts";

/** How a test's node differs from the default of one worker. */
export interface TestNodeOptions {
  readonly flags?: readonly string[];
  readonly policy?: Partial<RestartPolicy>;
  readonly rebalanceIntervalMs?: number;
  readonly watchIntervalMs?: number;
  readonly bootstrap?: unknown;
  /** Default: silent. */
  readonly log?: Logger;
  onQuit?(): void;
  onFatal?(reason: string): void;
}

/** Starts a node and waits until every worker listens. */
export async function startTestNode(plan: Plan, how: TestNodeOptions = {}): Promise<RunningNode> {
  const node = await launchTestNode(plan, how);
  await eventually(() => node.view.readiness().state === "LIVE");
  return node;
}

/** Starts a node that may not be ready yet. */
export function launchTestNode(plan: Plan, how: TestNodeOptions = {}): Promise<RunningNode> {
  return startNode({
    options: testOptions(...(how.flags ?? [])),
    plan,
    bootstrap: how.bootstrap ?? {},
    probes: { checkAddressFree, findFreePort },
    log: how.log ?? new Logger(systemClock, { ...DEFAULT_LOGGER_OPTIONS, level: "off" }),
    policy: { ...DEFAULT_RESTART_POLICY, ...how.policy },
    ...(how.watchIntervalMs === undefined ? {} : { watchIntervalMs: how.watchIntervalMs }),
    ...(how.rebalanceIntervalMs === undefined ? {} : { rebalanceIntervalMs: how.rebalanceIntervalMs }),
    onQuit: how.onQuit ?? (() => {}),
    onFatal: how.onFatal ?? (() => {}),
  });
}

/** Options with one worker unless the flags say otherwise. */
export function testOptions(...flags: string[]): ServeOptions {
  const table = [...ENVOY_FLAGS, ...STARLING_FLAGS];
  const result = serveOptions(parseFlags(table, ["-c", "test.yaml", "--concurrency", "1", ...flags]), {});
  if (!result.ok) throw new Error(result.errors.join("; "));
  return result.options;
}

/** The real port of a node's first listener. */
export function portOf(node: RunningNode, index: number = 0): number {
  const address = node.view.plan().listeners[index]?.address;
  return address?.kind === "socket" ? address.port : 0;
}

/** Waits for a condition that other threads bring about; fails after 10 s. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = systemClock.nowMs() + 10_000;
  while (!(await condition())) {
    if (systemClock.nowMs() > deadlineMs) throw new Error(`never came true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
