// The node's state as /ready shows it, from facts that the supervisor reports: Envoy's word first, our reasons after it. Pure.

import type { Readiness } from "../control/admin/view.ts";

/** Collects what keeps a node from being ready. */
export class ReadinessBook {
  private readonly waiting = new Map<string, string>();
  private readonly failing = new Map<string, string>();
  private readonly remarked = new Map<string, string>();
  private draining = "";

  /** Something must happen before the node serves; `what` names it until `arrived(what)`. */
  awaits(what: string, reason: string): void {
    this.waiting.set(what, reason);
  }

  /** What was awaited has happened. */
  arrived(what: string): void {
    this.waiting.delete(what);
  }

  /** An actor cannot be kept alive. */
  fails(what: string, reason: string): void {
    this.failing.set(what, reason);
  }

  /** The actor lives again. */
  recovered(what: string): void {
    this.failing.delete(what);
  }

  /** What an operator should know although it keeps nobody from being served; empty ends it. */
  remarks(what: string, remark: string): void {
    if (remark === "") this.remarked.delete(what);
    else this.remarked.set(what, remark);
  }

  /** The node was told to fail its health check; empty ends it. */
  drains(reason: string): void {
    this.draining = reason;
  }

  /** Draining wins over failing, failing over waiting, as a node that is told to go stays gone. */
  current(): Readiness {
    const reasons = [...this.failing.values(), ...this.waiting.values()];
    const remarks = [...this.remarked.values()];
    if (this.draining !== "") return { state: "DRAINING", reasons: [this.draining, ...reasons], remarks };
    return { state: reasons.length > 0 ? "PRE_INITIALIZING" : "LIVE", reasons, remarks };
  }
}
