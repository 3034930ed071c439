// Connections of one state in a pool, most recently added first; any of them can leave.
import type { PoolConnection } from "./pool-connection.ts";

/** A doubly linked list. */
export class ConnectionList {
  /** Number of connections. */
  size: number = 0;
  /** The one that was added last: idle connections are used last in, first out, so that the surplus ages out. */
  first: PoolConnection | null = null;

  add(connection: PoolConnection): void {
    connection.previous = null;
    connection.next = this.first;
    if (this.first !== null) this.first.previous = connection;
    this.first = connection;
    this.size++;
  }

  /** Takes one out; it must be in this list. */
  remove(connection: PoolConnection): void {
    if (connection.previous === null) this.first = connection.next;
    else connection.previous.next = connection.next;
    if (connection.next !== null) connection.next.previous = connection.previous;
    connection.next = null;
    connection.previous = null;
    this.size--;
  }

  /** A copy to walk while the list changes. */
  toArray(): PoolConnection[] {
    const all: PoolConnection[] = [];
    for (let at = this.first; at !== null; at = at.next) all.push(at);
    return all;
  }
}
