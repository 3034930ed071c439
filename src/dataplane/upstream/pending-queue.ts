// Requests that wait for a connection of one pool, first in, first out; any of them can leave from the middle.
import type { UpstreamRequest } from "./upstream.ts";

/** A waiting request. */
export class PendingRequest {
  readonly request: UpstreamRequest;
  /** Takes it back: called by the cluster when the request is cancelled. */
  readonly cancel: (pending: PendingRequest) => void;
  /** The queue's; null while it is in none. */
  queue: PendingQueue | null = null;
  next: PendingRequest | null = null;
  previous: PendingRequest | null = null;

  constructor(request: UpstreamRequest, cancel: (pending: PendingRequest) => void) {
    this.request = request;
    this.cancel = cancel;
  }
}

/** A doubly linked queue. */
export class PendingQueue {
  /** Number of waiting requests. */
  size: number = 0;
  private first: PendingRequest | null = null;
  private last: PendingRequest | null = null;

  push(pending: PendingRequest): void {
    pending.queue = this;
    pending.previous = this.last;
    pending.next = null;
    if (this.last === null) this.first = pending;
    else this.last.next = pending;
    this.last = pending;
    this.size++;
  }

  /** The one that waits longest, taken out; null when there is none. */
  shift(): PendingRequest | null {
    const pending = this.first;
    if (pending !== null) this.remove(pending);
    return pending;
  }

  /** Takes one out; it must be in this queue. */
  remove(pending: PendingRequest): void {
    if (pending.previous === null) this.first = pending.next;
    else pending.previous.next = pending.next;
    if (pending.next === null) this.last = pending.previous;
    else pending.next.previous = pending.previous;
    pending.next = null;
    pending.previous = null;
    pending.queue = null;
    this.size--;
  }

  /** Everything, moved into a new queue. */
  takeAll(): PendingQueue {
    const taken = new PendingQueue();
    for (let pending = this.shift(); pending !== null; pending = this.shift()) taken.push(pending);
    return taken;
  }
}
