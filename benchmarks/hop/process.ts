// A measured process: started pinned, its CPU, memory and ports read from /proc, stopped by its own id.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { openSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** CPU seconds and memory of a process tree. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

/** One started process. */
export interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a command pinned to these cores; its output goes to a log file. */
export function startPinned(
  cores: string,
  command: readonly string[],
  logFile: string,
  env: NodeJS.ProcessEnv = {},
): Started {
  const log = openSync(logFile, "w");
  const child = spawn("taskset", ["-c", cores, ...command], {
    stdio: ["ignore", log, log],
    env: { ...process.env, ...env },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    child,
    pid: child.pid ?? 0,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 3000);
      await ended;
      clearTimeout(late);
    },
  };
}

/** Waits until something accepts on the port, or the process ends. */
export async function portReady(started: Started, port: number, timeoutMs: number = 15_000): Promise<void> {
  for (let waited = 0; waited < timeoutMs; waited += 50) {
    if (started.child.exitCode !== null)
      throw new Error(`exited with ${started.child.exitCode} before it listened on ${port}`);
    if (await accepts(port)) return;
    await sleep(50);
  }
  throw new Error(`nothing listens on ${port} after ${timeoutMs} ms`);
}

/** User and system CPU seconds and resident memory of a process and its children, all threads. */
export function usageOf(pid: number): Usage {
  const tree = processTree(pid);
  let ticks = 0;
  let pages = 0;
  for (const one of tree) {
    const stat = readFileSync(`/proc/${one}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[11]) + Number(fields[12]);
    pages += Number(fields[21]);
  }
  return { cpuSeconds: ticks / TICKS_PER_SECOND, rssBytes: pages * PAGE_BYTES };
}

/** Whether this process tree owns a listening socket on the port: a row counts only when it does. */
export function ownsPort(pid: number, port: number): boolean {
  const inodes = new Set<string>();
  for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of readFileSync(file, "latin1").split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] === LISTENING && Number.parseInt(fields[1]?.split(":")[1] ?? "", 16) === port)
        inodes.add(fields[9] ?? "");
    }
  }
  return processTree(pid).some((one) => socketsOf(one).some((inode) => inodes.has(inode)));
}

/** Reads and writes a second of a process, counted by strace for a moment; null where strace is missing. */
export function systemCalls(pid: number, seconds: number): { reads: number; writes: number } | null {
  const reads = new Set(["read", "readv", "recvfrom", "recvmsg"]);
  const writes = new Set(["write", "writev", "sendto", "sendmsg", "sendfile", "splice"]);
  try {
    const pids = processTree(pid).flatMap((one) => ["-p", String(one)]);
    const out = execFileSync(
      "timeout",
      ["-s", "INT", String(seconds), "strace", "-f", "-q", "-c", "-U", "calls,name", ...pids],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    return tally(out, reads, writes);
  } catch (error) {
    const stderr = String((error as { stderr?: string }).stderr ?? "");
    return stderr.includes("calls") ? tally(stderr, reads, writes) : null;
  }
}

function tally(
  text: string,
  reads: ReadonlySet<string>,
  writes: ReadonlySet<string>,
): { reads: number; writes: number } {
  const sum = { reads: 0, writes: 0 };
  for (const line of text.split("\n")) {
    const [count, name] = line.trim().split(/\s+/);
    if (reads.has(name ?? "")) sum.reads += Number(count);
    if (writes.has(name ?? "")) sum.writes += Number(count);
  }
  return sum;
}

function processTree(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "latin1").trim().split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(processTree)];
}

function socketsOf(pid: number): string[] {
  const targets = execFileSync("find", [`/proc/${pid}/fd`, "-lname", "socket:*", "-printf", "%l\\n"], {
    encoding: "utf8",
  });
  return [...targets.matchAll(/socket:\[(\d+)\]/g)].map((match) => match[1] ?? "");
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;
const LISTENING = "0A";
