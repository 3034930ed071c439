// One Starling process with a mesh benchmark file, its threads on their cores: the listener alone on one, everything else on the other.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ownsPort, portReady, type Started, startPinned } from "../hop/process.ts";
import { type HealthFile, healthFile } from "./health-file.ts";
import { beginDelayWindow, delayOf, type LoopDelay, pinThreads, threadCpuSeconds, threadsNamed } from "./threads.ts";

/** Where the listener runs, and where all the rest does: load, backend, targets, the process's other threads. */
export const LISTENER_CORE = "0";
export const OTHER_CORE = "1";

/** A process that serves. */
export interface CheckedNode {
  readonly pid: number;
  /** From its start to its first accepted connection. */
  readonly readyMs: number;
  readonly listener: number;
  /** Null without checks. */
  readonly health: number | null;
  readonly logFile: string;
  /** CPU seconds of one of its threads. */
  cpuSeconds(thread: number): number;
  /** Ends the window of its event loops; the figures are of the listener's in the ended one. */
  endDelayWindow(): Promise<LoopDelay>;
  stop(): Promise<void>;
}

/** How it is run. */
export interface CheckedNodeOptions {
  readonly folder: string;
  /** Core of the listener; default LISTENER_CORE. The health thread goes to `healthCore`, by default OTHER_CORE. */
  readonly healthCore?: string;
  /** Further flags of Node, such as --cpu-prof. */
  readonly nodeFlags?: readonly string[];
}

/** Starts one and waits until it accepts, which is after the first round of checks. */
export async function startCheckedNode(file: HealthFile, options: CheckedNodeOptions): Promise<CheckedNode> {
  const folder = join(options.folder, `node-${file.listen}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const path = join(folder, "mesh.json");
  writeFileSync(path, healthFile(file));
  const logFile = join(folder, "log");
  const begunMs = performance.now();
  const flags = [...(options.nodeFlags ?? []), PROGRAM, "-c", path, "--concurrency", "1", "-l", "warning"];
  const started = startPinned(`${LISTENER_CORE},${OTHER_CORE}`, [process.execPath, ...flags], logFile, {
    THREAD_WATCH: folder,
    NODE_OPTIONS: `--import=${WATCH}`,
  });
  try {
    await portReady(started, file.listen, READY_MS_MAX);
    if (!ownsPort(started.pid, file.listen)) throw new Error(`another process listens on ${file.listen}`);
    return running(started, performance.now() - begunMs, file, folder, logFile, options.healthCore ?? OTHER_CORE);
  } catch (error) {
    await started.stop();
    throw error;
  }
}

function running(
  started: Started,
  readyMs: number,
  { checks }: HealthFile,
  folder: string,
  logFile: string,
  healthCore: string,
): CheckedNode {
  const { pid } = started;
  const [listener] = threadsNamed(pid, LISTENER_THREAD);
  if (listener === undefined) throw new Error("the process has no listener thread");
  const health = threadsNamed(pid, HEALTH_THREAD)[0] ?? null;
  if ((health === null) !== (checks === "none")) throw new Error(`health thread ${health} with checks ${checks}`);
  pinThreads(pid, [listener], LISTENER_CORE, OTHER_CORE);
  if (health !== null) pinThreads(pid, [health], healthCore);
  let window = 0;
  return {
    pid,
    readyMs,
    listener,
    health,
    logFile,
    cpuSeconds: (thread) => threadCpuSeconds(pid, thread),
    endDelayWindow: () => {
      beginDelayWindow(folder, window + 1);
      return delayOf(folder, window++, listener);
    },
    stop: started.stop,
  };
}

const PROGRAM = fileURLToPath(new URL("../../src/starling.mjs", import.meta.url));
const WATCH = fileURLToPath(new URL("thread-watch.mjs", import.meta.url));
/** The name of a listener thread: piscina does not name its threads. */
export const LISTENER_THREAD = "WorkerThread";
const HEALTH_THREAD = "health-check";
const READY_MS_MAX = 90_000;
