// The mesh's line to the judge of active checks on this node, which may die and come back: then what it had is gone, and it is told to
// follow again. Made by mesh-actor.ts.
import type { Link } from "../../actor/thread-link.ts";
import type { CheckOrder, CheckOrders, CheckReport } from "../../messages/checking.ts";

type JudgeLink = Link<readonly CheckReport[], CheckOrders>;

/** The line. */
export class JudgeLine {
  private readonly take: (reports: readonly CheckReport[]) => void;
  private link: JudgeLink | null = null;
  private isFollowed = false;
  /** Reports that this judge has told. */
  private heard = 0;
  /** Groups that the judge has told of. */
  private readonly groups = new Set<string>();

  /** `take` is called with what the judge says. */
  constructor(take: (reports: readonly CheckReport[]) => void) {
    this.take = take;
  }

  /** A judge is at the other end of this link. */
  serve(link: JudgeLink): void {
    this.link?.close();
    this.link = link;
    this.heard = 0;
    const gone = [...this.groups];
    this.groups.clear();
    if (gone.length > 0) this.take(gone.map((group) => ({ type: "group-removed", group })));
    link.receive((reports) => {
      if (this.link === link) this.hear(reports);
    });
    if (this.isFollowed) this.send([{ type: "follow-mesh" }]);
  }

  /** Gives orders; lost without a judge. */
  order(orders: readonly CheckOrder[]): void {
    for (const { type } of orders) {
      if (type === "follow-mesh") this.isFollowed = true;
      else if (type === "leave-mesh") this.isFollowed = false;
    }
    this.send(orders);
  }

  /** Says that the mesh lives, about once a second. */
  sayAlive(): void {
    if (this.isFollowed) this.send([]);
  }

  close(): void {
    this.link?.close();
    this.link = null;
  }

  private send(orders: readonly CheckOrder[]): void {
    this.link?.send({ heard: this.heard, orders });
  }

  private hear(reports: readonly CheckReport[]): void {
    this.heard += reports.length;
    for (const report of reports) {
      if (report.type === "group-added") this.groups.add(report.facts.group);
      else if (report.type === "group-removed") this.groups.delete(report.group);
    }
    this.take(reports);
  }
}
