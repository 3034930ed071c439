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
import { SILENT_S } from "./thread-pulse.ts";

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
  const hung = `${title || `the ${name} thread`} does not answer`;
  const owner = {
    restored: () => stats.noticesOf(name),
    onOpened: () => duties.onOpened(),
    onMessage: (message: Own | CommonOutput) => {
      if (!isCommon(message)) duties.receive(message);
      else if (message.type === "stats-announced") stats.add(name, message.notices);
      else if (message.type === "log-written") log.write(message.line);
      else if (message.type === "started") {
        thread.watch();
        duties.onStarted?.();
      }
    },
    onStable: () => readiness.recovered(name),
    onSilent: () => {
      log.error("main", `${hung}: it has stood still for ${SILENT_S} s`);
      readiness.remarks(`${name} hangs`, hung);
    },
    onAnswering: (silentS: number) => {
      log.warning("main", `${title || `the ${name} thread`} answers again, after ${silentS} s`);
      readiness.remarks(`${name} hangs`, "");
    },
    onDied: (error: Error, delayMs: number, tooMany: boolean) => {
      readiness.remarks(`${name} hangs`, "");
      duties.onDied(error, delayMs); // may look at what it held
      stats.zeroGauges(name);
      if (title === "") return;
      log.error("main", `${title} died: ${error.message}; it restarts in ${delayMs} ms`);
      if (tooMany) readiness.fails(name, `${title} keeps dying: ${error.message}`);
    },
  };
  const thread: ActorThread<Input, Own | CommonOutput> = new ActorThread(
    { clock, wheel, owner },
    { name: entry, policy, ...(memory && { memory }) },
  );
  return thread;
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
