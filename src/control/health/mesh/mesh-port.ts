// The health thread's end of the port to the mesh thread: reports of one turn leave as one message, and orders that were given before the
// mesh heard whose a slot is now go nowhere. Made by health-actor.ts.
import type { Link } from "../../../actor/thread-link.ts";
import type { CheckOrder, CheckOrders, CheckReport } from "../../../messages/checking.ts";

/** The port. */
export class MeshPort {
  private readonly link: Link<CheckOrders, readonly CheckReport[]>;
  private waiting: CheckReport[] = [];
  /** Reports so far. */
  private told = 0;
  /** Slots of endpoints that the mesh has not heard of yet, with the number of the report that tells. */
  private readonly unheard = new Map<number, number>();

  /** `hear` is called for each message, with its orders. */
  constructor(link: Link<CheckOrders, readonly CheckReport[]>, hear: (orders: readonly CheckOrder[]) => void) {
    this.link = link;
    link.receive(({ heard, orders }) => {
      for (const [slot, report] of this.unheard) if (report <= heard) this.unheard.delete(slot);
      hear(this.unheard.size === 0 ? orders : orders.filter((order) => this.isDue(order)));
    });
  }

  /** Tells the mesh, once the sockets of this turn were read: many probes end in one. */
  report(report: CheckReport): void {
    this.told++;
    if (report.type === "targets-added") for (const { slot } of report.targets) this.unheard.set(slot, this.told);
    this.waiting.push(report);
    if (this.waiting.length === 1) setImmediate(() => this.send());
  }

  close(): void {
    this.link.close();
  }

  private isDue(order: CheckOrder): boolean {
    return !("slot" in order && this.unheard.has(order.slot));
  }

  private send(): void {
    const { waiting } = this;
    this.waiting = [];
    this.link.send(waiting);
  }
}
