// What the owners of the actors beside the listener workers have in common: counters that outlive a thread, log lines passed on, and what is
// said when it dies. Each owner has its own file and adds what is its own.
import type { RestartPolicy } from "../actor/restart-policy.ts";
import type { Clock } from "../base/clock.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { LogLine } from "../messages/log.ts";
import type { NodeMemory } from "../telemetry/node-memory.ts";
import type { StatsNotice } from "../telemetry/stats-memory.ts";
import { ActorThread } from "./actor-thread.ts";
import type { Logger } from "./log/logger.ts";
import type { ReadinessBook } from "./readiness.ts";
import type { StatsDirectory } from "./stats-directory.ts";

/** What every owner stands on. */
export interface OwnerParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly stats: StatsDirectory;
  readonly readiness: ReadinessBook;
  readonly policy: RestartPolicy;
}

/** What every one of these actors may say. */
export type CommonOutput =
  | { readonly type: "started" }
  | { readonly type: "stopped" }
  | { readonly type: "stats-announced"; readonly notices: readonly StatsNotice[] }
  | { readonly type: "log-written"; readonly line: LogLine };

/** What only this owner does. */
export interface OwnDuties<Own> {
  /** The writer of its counters, and its name among the reasons of readiness. */
  readonly name: string;
  /** Its entry in workers/. Default: `name`. */
  readonly entry?: string;
  /** What its threads share with the workers. Default: nothing. */
  readonly memory?: NodeMemory;
  /** As the subject of a line when it dies: `the discovery thread`. Empty: its owner has words of its own. */
  readonly title: string;
  /** A thread was started; messages sent now are its first. */
  onOpened(): void;
  /** The actor lives. Default: nothing. */
  onStarted?(): void;
  receive(message: Own): void;
  onDied(error: Error, delayMs: number): void;
}

/** The thread of an actor beside the workers; not started yet. */
export function backgroundThread<Input, Own extends { readonly type: string }>(
  { clock, wheel, log, stats, readiness, policy }: OwnerParts,
  duties: OwnDuties<Own>,
): ActorThread<Input, Own | CommonOutput> {
  const { name, title, memory, entry = name } = duties;
  const owner = {
    restored: () => stats.noticesOf(name),
    onOpened: () => duties.onOpened(),
    onMessage: (message: Own | CommonOutput) => {
      if (!isCommon(message)) duties.receive(message);
      else if (message.type === "stats-announced") stats.add(name, message.notices);
      else if (message.type === "log-written") log.write(message.line);
      else if (message.type === "started") duties.onStarted?.();
    },
    onStable: () => readiness.recovered(name),
    onDied: (error: Error, delayMs: number, tooMany: boolean) => {
      stats.zeroGauges(name);
      duties.onDied(error, delayMs);
      if (title === "") return;
      log.error("main", `${title} died: ${error.message}; it restarts in ${delayMs} ms`);
      if (tooMany) readiness.fails(name, `${title} keeps dying: ${error.message}`);
    },
  };
  return new ActorThread({ clock, wheel, owner }, { name: entry, policy, ...(memory && { memory }) });
}

function isCommon(message: { readonly type: string }): message is CommonOutput {
  return COMMON.has(message.type);
}

const COMMON: ReadonlySet<string> = new Set<CommonOutput["type"]>([
  "started",
  "stopped",
  "stats-announced",
  "log-written",
]);
