// Requests that workers watch for the admin address, between the admin pages and the workers: who looks gives terms, and hears what each
// worker tells. Made by node.ts; keeps nothing.
import type { RequestSource } from "../control/admin/view.ts";
import type { ListenerInput } from "../messages/listener.ts";
import type { WatchTerms, WatchTold } from "../telemetry/request-watch.ts";

/** The way to all workers of a node and back. */
export class WatchedRequests implements RequestSource {
  /** Sends to every worker; the supervisor's, once there is one. */
  order: (message: ListenerInput) => void = () => {};
  private readonly listeners = new Set<(slot: number, told: WatchTold) => void>();

  watch(terms: WatchTerms): void {
    this.order({ type: "watch-requests", terms });
  }

  hear(listener: (slot: number, told: WatchTold) => void): void {
    this.listeners.add(listener);
  }

  /** A worker told something. */
  told(slot: number, told: WatchTold): void {
    for (const listener of this.listeners) listener(slot, told);
  }
}
