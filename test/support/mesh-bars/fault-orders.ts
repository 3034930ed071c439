// Orders to the threads of nodes that thread-faults.mjs obeys.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder with a file of orders for each node. */
export class FaultOrders {
  private readonly folder = mkdtempSync(join(tmpdir(), "faults-"));

  /** Lets a test's nodes obey, and forgets the orders after it. */
  static async during<T>(act: (orders: FaultOrders) => Promise<T>): Promise<T> {
    const orders = new FaultOrders();
    try {
      return await act(orders);
    } finally {
      rmSync(orders.folder, { recursive: true });
    }
  }

  /** Of a node that obeys. */
  environment(node: string): Readonly<Record<string, string>> {
    return { NODE_OPTIONS: `--import=${FAULTS.href}`, THREAD_FAULTS: join(this.folder, node) };
  }

  /** `hang NAME` or `clock MS`; within a twentieth of a second. */
  give(node: string, order: string): void {
    writeFileSync(join(this.folder, node), order);
  }
}

const FAULTS = new URL("thread-faults.mjs", import.meta.url);
