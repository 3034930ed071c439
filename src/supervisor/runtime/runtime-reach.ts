// Who waits until every worker has the runtime's newest values: the answer of /runtime_modify comes then, so that what it says holds from
// the next request on. Made by the supervisor.
import { Timer, type TimerWheel } from "../../base/timer-wheel.ts";

/** Waits for workers. */
export class RuntimeReach {
  private readonly wheel: TimerWheel;
  private readonly haveApplied: (version: number) => boolean;
  private waiting: { readonly version: number; readonly timer: Timer; readonly resolve: () => void }[] = [];

  constructor(wheel: TimerWheel, haveApplied: (version: number) => boolean) {
    this.wheel = wheel;
    this.haveApplied = haveApplied;
  }

  /** Resolves when every living worker has these values, a second later at most: one that is busy so long answers nobody either. */
  wait(version: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = new Timer(resolve);
      this.waiting.push({ version, timer, resolve });
      this.wheel.arm(timer, WAIT_MS_MAX);
      this.look();
    });
  }

  /** A worker took values, or died. */
  look(): void {
    const over = this.waiting.filter(({ version }) => this.haveApplied(version));
    this.waiting = this.waiting.filter((one) => !over.includes(one));
    for (const { timer, resolve } of over) {
      this.wheel.remove(timer);
      resolve();
    }
  }
}

const WAIT_MS_MAX = 1_000;
