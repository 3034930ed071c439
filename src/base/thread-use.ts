// What a thread has used: its processor time, and how long its event loop was busy and idle. Costs nothing while nobody looks.

/** Milliseconds since the last look. */
export interface ThreadUse {
  readonly cpuMs: number;
  readonly busyMs: number;
  readonly idleMs: number;
}

/** Looks at the thread that makes it. */
export class ThreadMeter {
  private cpuUs = cpuUsNow();
  private loop = performance.eventLoopUtilization();

  /** Since it was made or looked last. */
  look(): ThreadUse {
    const { cpuUs: cpuUsBefore, loop: before } = this;
    this.cpuUs = cpuUsNow();
    this.loop = performance.eventLoopUtilization();
    return {
      cpuMs: (this.cpuUs - cpuUsBefore) / 1_000,
      busyMs: this.loop.active - before.active,
      idleMs: this.loop.idle - before.idle,
    };
  }
}

/** Shares of 1: of one core, and of the time that the event loop did not wait. */
export function sharesOf({ cpuMs, busyMs, idleMs }: ThreadUse): { readonly cpu: number; readonly busy: number } {
  const allMs = busyMs + idleMs;
  return allMs > 0 ? { cpu: Math.min(1, cpuMs / allMs), busy: busyMs / allMs } : { cpu: 0, busy: 0 };
}

/** Looks every second, from now on until the answered function is called; does not keep the thread alive. */
export function watchThreadUse(onUse: (use: ThreadUse) => void): () => void {
  const meter = new ThreadMeter();
  const interval = setInterval(() => onUse(meter.look()), LOOK_MS);
  interval.unref();
  return () => clearInterval(interval);
}

function cpuUsNow(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

const LOOK_MS = 1_000;
