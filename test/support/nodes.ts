// Whole nodes inside the test's process: supervisor, listener threads and discovery as they run in production, with a quiet log.
import { DEFAULT_RESTART_POLICY, type RestartPolicy } from "../../src/actor/restart-policy.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import type { ServeOptions } from "../../src/messages/options.ts";
import { checkAddressFree, findFreePort } from "../../src/net/probe.ts";
import type { AddressProbes } from "../../src/supervisor/addresses.ts";
import { ENVOY_FLAGS, STARLING_FLAGS } from "../../src/supervisor/command-line/flags.ts";
import { parseFlags } from "../../src/supervisor/command-line/parse-flags.ts";
import { serveOptions } from "../../src/supervisor/command-line/serve-options.ts";
import { DEFAULT_LOGGER_OPTIONS, Logger } from "../../src/supervisor/log/logger.ts";
import { type RunningNode, startNode } from "../../src/supervisor/node.ts";
import { freePort } from "./live-proxy.ts";

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

/** Starts a node and waits until every worker listens; one that does not in time is ended. */
export async function startTestNode(plan: Plan, how: TestNodeOptions = {}): Promise<RunningNode> {
  const node = await launchTestNode(plan, how);
  await untilLive(node);
  return node;
}

/** Waits until every worker of a node that nobody has yet listens; one that does not in time is ended. */
export async function untilLive(node: RunningNode): Promise<void> {
  try {
    await eventually(() => node.view.readiness().state === "LIVE", START_MS_MAX);
  } catch (error) {
    // Its threads would keep the test's process alive for ever.
    await node.stop();
    throw error;
  }
}

/** Starts a node that may not be ready yet. */
export function launchTestNode(plan: Plan, how: TestNodeOptions = {}): Promise<RunningNode> {
  return startNode({
    options: testOptions(...(how.flags ?? [])),
    plan,
    bootstrap: how.bootstrap ?? {},
    probes: TEST_PROBES,
    log: how.log ?? new Logger(systemClock, { ...DEFAULT_LOGGER_OPTIONS, level: "off" }),
    policy: { ...DEFAULT_RESTART_POLICY, ...how.policy },
    ...(how.watchIntervalMs === undefined ? {} : { watchIntervalMs: how.watchIntervalMs }),
    ...(how.rebalanceIntervalMs === undefined ? {} : { rebalanceIntervalMs: how.rebalanceIntervalMs }),
    onQuit: how.onQuit ?? (() => {}),
    onFatal: how.onFatal ?? (() => {}),
  });
}

/** Looks at addresses as production does, but that no other test is given a port before a listener's threads have bound it. */
export const TEST_PROBES: AddressProbes = {
  checkAddressFree,
  findFreePort: (host) => freePort([], host).catch(() => findFreePort(host)),
};

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

/** Waits for a condition that other threads bring about; fails after `withinMs`. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  withinMs: number = 10_000,
): Promise<void> {
  const deadlineMs = systemClock.nowMs() + withinMs;
  while (!(await condition())) {
    if (systemClock.nowMs() > deadlineMs) throw new Error(`never came true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Its threads load their code from source, which a busy machine does slowly; below mocha's time for a test, so that the node is ended. */
const START_MS_MAX = 18_000;
