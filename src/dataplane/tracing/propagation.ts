// How proxies tell each other of a request's trace: what is read from a head, and what every form of it has in common.
import type { HeaderList } from "../../protocol/header-list.ts";
import type { SpanIds } from "../../telemetry/span-ids.ts";

/** What a head says of the span that its request was sent from. Filled by `read` and looked at before the next one. */
export class FoundContext {
  /** `none`: it says nothing; `bad`: what cannot be read. */
  kind: "none" | "bad" | "given" = "none";
  /** Null: it leaves that to us. */
  isSampled: boolean | null = null;
  traceA: number = 0;
  traceB: number = 0;
  traceC: number = 0;
  traceD: number = 0;
  spanA: number = 0;
  spanB: number = 0;
  parentA: number = 0;
  parentB: number = 0;

  /** Forgets what it said. */
  clear(): void {
    this.kind = "none";
    this.isSampled = null;
    this.traceA = 0;
    this.traceB = 0;
    this.traceC = 0;
    this.traceD = 0;
    this.spanA = 0;
    this.spanB = 0;
    this.parentA = 0;
    this.parentB = 0;
  }
}

/** One form. */
export interface Propagation {
  /** Reads a head; `found` is clear. */
  read(head: HeaderList, found: FoundContext): void;
  /** Tells the next one of this span. */
  write(head: HeaderList, ids: SpanIds, isSampled: boolean): void;
}
