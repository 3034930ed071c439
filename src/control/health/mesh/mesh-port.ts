// The health thread's end of the port to the mesh thread: reports of one turn leave as one message. Made by health-actor.ts.
import type { Link } from "../../../actor/thread-link.ts";
import type { CheckOrder, CheckReport } from "../../../messages/checking.ts";

/** The port. */
export class MeshPort {
  private readonly link: Link<readonly CheckOrder[], readonly CheckReport[]>;
  private waiting: CheckReport[] = [];

  /** `hear` is called for each message, with its orders. */
  constructor(
    link: Link<readonly CheckOrder[], readonly CheckReport[]>,
    hear: (orders: readonly CheckOrder[]) => void,
  ) {
    this.link = link;
    link.receive(hear);
  }

  /** Tells the mesh, once the sockets of this turn were read: many probes end in one. */
  report(report: CheckReport): void {
    this.waiting.push(report);
    if (this.waiting.length === 1) setImmediate(() => this.send());
  }

  close(): void {
    this.link.close();
  }

  private send(): void {
    const { waiting } = this;
    this.waiting = [];
    this.link.send(waiting);
  }
}
