// Which numbered reports were counted, so that none counts twice. Called by lrs-behaviour.ts, and for what an appended file holds.
import { INSTANCES_MAX } from "./limits.ts";
import type { ReportIdentity } from "./load-report.ts";

/** The newest number of each author: when one has come, those before it have, or never will. */
export class SeenReports {
  /** In the order in which they were last heard. */
  private readonly newest = new Map<string, number>();

  /** Notes that it is counted; false when it was already. */
  add({ instance, sequence }: ReportIdentity): boolean {
    const before = this.newest.get(instance);
    if (before !== undefined && sequence <= before) return false;
    this.newest.delete(instance);
    this.newest.set(instance, sequence);
    if (this.newest.size > INSTANCES_MAX) this.forgetOne();
    return true;
  }

  private forgetOne(): void {
    for (const oldest of this.newest.keys()) {
      this.newest.delete(oldest);
      return;
    }
  }
}
