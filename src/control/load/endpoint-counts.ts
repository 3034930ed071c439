// The counts of one endpoint over all threads, as differences: what came since the last take. Blocks come and go with threads and
// connections; what a freed one had is carried to the next take. Kept by load-reader.ts.
import type { AddressPlan } from "../../config/plan/address.ts";
import type { LocalityPlan } from "../../config/plan/cluster.ts";
import type { ConnectionCounts, EndpointLoad } from "../../messages/load.ts";
import { HOST } from "../../telemetry/host-stats.ts";
import type { BlockView } from "../../telemetry/stats-memory.ts";
import { connectionCounts } from "./connection-counts.ts";

/** What came since the last take. */
export interface EndpointTaken {
  /** Null: no request. */
  readonly load: EndpointLoad | null;
  /** Null: none, or they are not told. */
  readonly connections: ConnectionCounts | null;
}

/** One endpoint of one cluster. */
export class EndpointCounts {
  readonly text: string;
  readonly address: AddressPlan;
  /** Where it is, or was last; null: nobody has said so yet. */
  place: { readonly locality: LocalityPlan; readonly priority: number } | null = null;
  /** How often the cluster has it; 0: it has left, or was never seen there. */
  members: number = 0;
  private readonly blocks = new Map<string, Block>();
  private success = 0;
  private error = 0;
  private issued = 0;
  private opened = 0;
  private failed = 0;

  /** `text`: its address as counters are named after it. */
  constructor(text: string, address: AddressPlan) {
    this.text = text;
    this.address = address;
  }

  /** Whether it has left, and nobody counts it any more. */
  get isGone(): boolean {
    return this.members === 0 && this.blocks.size === 0;
  }

  /** Whether nothing is left to be taken. */
  isTaken(tellsConnections: boolean): boolean {
    return this.hasNoRequests && !(tellsConnections && this.opened + this.failed > 0);
  }

  /** A thread counts it here. */
  join(writer: string, view: BlockView): void {
    this.blocks.set(writer, { view, ...ZERO, isAhead: false });
  }

  /** A thread counts it no more; `last`: what its block had in the end. */
  leave(writer: string, last: readonly number[]): void {
    const block = this.blocks.get(writer);
    this.blocks.delete(writer);
    if (block !== undefined && !block.isAhead) this.add(block, last);
  }

  /** What was counted until now does not count. */
  begin(): void {
    for (const block of this.blocks.values()) {
      // What a freed block had in the end comes later, all of it from before.
      block.isAhead = !this.read(block);
    }
    this.forget();
  }

  /** What came since the last take, or since `begin`; null: nothing, and nothing is under way. Connections that are not told are forgotten. */
  take(tellsConnections: boolean): EndpointTaken | null {
    // Counters may be here before the word on where it is: they keep.
    if (this.place === null && this.blocks.size > 0) return null;
    let inProgress = 0;
    let active = 0;
    for (const block of this.blocks.values()) {
      this.read(block);
      inProgress += block.inProgress;
      active += block.active;
    }
    const { address, success, error, issued } = this;
    const load = this.hasNoRequests && inProgress === 0 ? null : { address, success, error, issued, inProgress };
    const connections = tellsConnections ? connectionCounts(this.opened, this.failed, active) : null;
    this.forget();
    return load === null && connections === null ? null : { load, connections };
  }

  private get hasNoRequests(): boolean {
    return this.success === 0 && this.error === 0 && this.issued === 0;
  }

  private forget(): void {
    this.success = 0;
    this.error = 0;
    this.issued = 0;
    this.opened = 0;
    this.failed = 0;
  }

  /** False: the slots are another's by now, and the block's last values are on their way. */
  private read(block: Block): boolean {
    const { values } = block.view;
    LATEST[RQ_SUCCESS] = values[RQ_SUCCESS] as number;
    LATEST[RQ_ERROR] = values[RQ_ERROR] as number;
    LATEST[RQ_TOTAL] = values[RQ_TOTAL] as number;
    LATEST[CX_TOTAL] = values[CX_TOTAL] as number;
    LATEST[CX_CONNECT_FAIL] = values[CX_CONNECT_FAIL] as number;
    const inProgress = values[RQ_ACTIVE] as number;
    const active = values[CX_ACTIVE] as number;
    const isHeld = block.view.isHeld();
    block.inProgress = isHeld ? inProgress : 0;
    block.active = isHeld ? active : 0;
    if (isHeld) this.add(block, LATEST);
    return isHeld;
  }

  private add(block: Block, values: ArrayLike<number>): void {
    const success = values[RQ_SUCCESS] as number;
    const error = values[RQ_ERROR] as number;
    const issued = values[RQ_TOTAL] as number;
    const opened = values[CX_TOTAL] as number;
    const failed = values[CX_CONNECT_FAIL] as number;
    this.success += success - block.success;
    this.error += error - block.error;
    this.issued += issued - block.issued;
    this.opened += opened - block.opened;
    this.failed += failed - block.failed;
    block.success = success;
    block.error = error;
    block.issued = issued;
    block.opened = opened;
    block.failed = failed;
  }
}

/** What one thread has counted, as of the last look. */
interface Block {
  readonly view: BlockView;
  success: number;
  error: number;
  issued: number;
  inProgress: number;
  opened: number;
  failed: number;
  active: number;
  /** It was freed before counting began, and the notice is not here yet. */
  isAhead: boolean;
}

const { rq_success: RQ_SUCCESS, rq_error: RQ_ERROR, rq_total: RQ_TOTAL, rq_active: RQ_ACTIVE } = HOST.at;
const { cx_total: CX_TOTAL, cx_connect_fail: CX_CONNECT_FAIL, cx_active: CX_ACTIVE } = HOST.at;
const ZERO = { success: 0, error: 0, issued: 0, inProgress: 0, opened: 0, failed: 0, active: 0 };
const LATEST = new Float64Array(HOST.names.length);
