// The counts of one endpoint over all threads, as differences: what came since the last take. Blocks come and go with threads and
// connections; what a freed one had is carried to the next take. Kept by load-reader.ts.
import type { AddressPlan } from "../../config/plan/address.ts";
import type { LocalityPlan } from "../../config/plan/cluster.ts";
import type { EndpointLoad } from "../../messages/load.ts";
import { HOST } from "../../telemetry/host-stats.ts";
import type { BlockView } from "../../telemetry/stats-memory.ts";

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
  get isTaken(): boolean {
    return this.success === 0 && this.error === 0 && this.issued === 0;
  }

  /** A thread counts it here. */
  join(writer: string, view: BlockView): void {
    this.blocks.set(writer, { view, success: 0, error: 0, issued: 0, inProgress: 0, isAhead: false });
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

  /** What came since the last take, or since `begin`; null: nothing, and nothing is under way. */
  take(): EndpointLoad | null {
    // Counters may be here before the word on where it is: they keep.
    if (this.place === null && this.blocks.size > 0) return null;
    let inProgress = 0;
    for (const block of this.blocks.values()) {
      this.read(block);
      inProgress += block.inProgress;
    }
    const { address, success, error, issued } = this;
    if (success === 0 && error === 0 && issued === 0 && inProgress === 0) return null;
    this.forget();
    return { address, success, error, issued, inProgress };
  }

  private forget(): void {
    this.success = 0;
    this.error = 0;
    this.issued = 0;
  }

  /** False: the slots are another's by now, and the block's last values are on their way. */
  private read(block: Block): boolean {
    const { values } = block.view;
    LATEST[RQ_SUCCESS] = values[RQ_SUCCESS] as number;
    LATEST[RQ_ERROR] = values[RQ_ERROR] as number;
    LATEST[RQ_TOTAL] = values[RQ_TOTAL] as number;
    const inProgress = values[RQ_ACTIVE] as number;
    const isHeld = block.view.isHeld();
    block.inProgress = isHeld ? inProgress : 0;
    if (isHeld) this.add(block, LATEST);
    return isHeld;
  }

  private add(block: Block, values: ArrayLike<number>): void {
    const success = values[RQ_SUCCESS] as number;
    const error = values[RQ_ERROR] as number;
    const issued = values[RQ_TOTAL] as number;
    this.success += success - block.success;
    this.error += error - block.error;
    this.issued += issued - block.issued;
    block.success = success;
    block.error = error;
    block.issued = issued;
  }
}

/** What one thread has counted, as of the last look. */
interface Block {
  readonly view: BlockView;
  success: number;
  error: number;
  issued: number;
  inProgress: number;
  /** It was freed before counting began, and the notice is not here yet. */
  isAhead: boolean;
}

const { rq_success: RQ_SUCCESS, rq_error: RQ_ERROR, rq_total: RQ_TOTAL, rq_active: RQ_ACTIVE } = HOST.at;
const LATEST = new Float64Array(HOST.names.length);
