// Health of every endpoint of a node in shared memory: a word of flags per slot, a generation word per cluster row. Written by the
// health side, read by every balancer; the memory is made once by the supervisor (or by a lone worker for itself).

/** Flags of one endpoint, named as /clusters shows them. */
export const HealthFlag = {
  /** `/failed_active_hc` */
  FailedActiveHc: 1,
  /** `/failed_outlier_check` */
  FailedOutlierCheck: 2,
  /** `/failed_eds_health` */
  FailedEdsHealth: 4,
  /** `/degraded_active_hc` */
  DegradedActiveHc: 8,
  /** `/degraded_eds_health` */
  DegradedEdsHealth: 16,
  /** `/pending_dynamic_removal` */
  PendingDynamicRemoval: 32,
  /** `/pending_active_hc` */
  PendingActiveHc: 64,
  /** `/excluded_via_immediate_hc_fail` */
  ExcludedViaImmediateHcFail: 128,
  /** `/active_hc_timeout` */
  ActiveHcTimeout: 256,
  /** `/eds_status_draining` */
  EdsStatusDraining: 512,
  /** `/degraded_outlier_detection` */
  DegradedOutlierDetection: 1024,
} as const;

/** An endpoint with any of these is not picked outside of panic. */
export const UNHEALTHY_FLAGS: number =
  HealthFlag.FailedActiveHc | HealthFlag.FailedOutlierCheck | HealthFlag.FailedEdsHealth | HealthFlag.EdsStatusDraining;

/** An endpoint with any of these, and none of the above, is picked when healthy ones do not suffice. */
export const DEGRADED_FLAGS: number =
  HealthFlag.DegradedActiveHc | HealthFlag.DegradedEdsHealth | HealthFlag.DegradedOutlierDetection;

/** An endpoint with any of these does not count when the share of healthy ones is computed (Envoy's excluded hosts). */
export const EXCLUDED_FLAGS: number =
  HealthFlag.PendingActiveHc | HealthFlag.ExcludedViaImmediateHcFail | HealthFlag.EdsStatusDraining;

/** The shared memory of a table; goes to threads by structured clone. */
export interface HealthMemory {
  readonly flags: SharedArrayBuffer;
  readonly generations: SharedArrayBuffer;
}

/** Makes the memory. Pages that nobody touched cost no RAM, so the sizes are limits: endpoints and clusters of one node. */
export function createHealthMemory(slots: number = SLOTS_MAX, rows: number = ROWS_MAX): HealthMemory {
  return { flags: new SharedArrayBuffer(slots * 2), generations: new SharedArrayBuffer(rows * 4) };
}

/** One thread's view of the table. */
export class HealthTable {
  /** Flags by slot; read freely, written only through `set` and `clear`. */
  readonly flags: Uint16Array;
  private readonly generations: Int32Array;

  constructor(memory: HealthMemory) {
    this.flags = new Uint16Array(memory.flags);
    this.generations = new Int32Array(memory.generations);
  }

  /** Raises flags of a slot. `bump` afterwards tells the balancers. */
  set(slot: number, flags: number): void {
    Atomics.or(this.flags, slot, flags);
  }

  /** Lowers flags of a slot. */
  clear(slot: number, flags: number): void {
    Atomics.and(this.flags, slot, ~flags & 0xffff);
  }

  /** Says that flags of a cluster's endpoints changed. */
  bump(row: number): void {
    Atomics.add(this.generations, row, 1);
  }

  /** Changes with every `bump`. */
  generation(row: number): number {
    return Atomics.load(this.generations, row);
  }
}

/** Names of the flags that are up, as /clusters shows them: `/failed_active_hc/active_hc_timeout`, or `healthy`. */
export function healthText(flags: number): string {
  let text = "";
  for (const [flag, name] of FLAG_NAMES) if ((flags & flag) !== 0) text += name;
  return text === "" ? "healthy" : text;
}

/** Flags that a configured or discovered health_status means (Envoy: only UNHEALTHY, TIMEOUT, DRAINING and DEGRADED mean any). */
export function healthStatusFlags(
  status: "unknown" | "healthy" | "unhealthy" | "draining" | "timeout" | "degraded",
): number {
  switch (status) {
    case "unknown":
    case "healthy":
      return 0;
    case "unhealthy":
    case "timeout":
      return HealthFlag.FailedEdsHealth;
    case "draining":
      return HealthFlag.EdsStatusDraining;
    case "degraded":
      return HealthFlag.DegradedEdsHealth;
  }
}

/** Endpoints of one node, at most. */
export const SLOTS_MAX: number = 1 << 20;
/** Clusters of one node, at most. */
export const ROWS_MAX: number = 1 << 16;

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [HealthFlag.FailedActiveHc, "/failed_active_hc"],
  [HealthFlag.FailedOutlierCheck, "/failed_outlier_check"],
  [HealthFlag.FailedEdsHealth, "/failed_eds_health"],
  [HealthFlag.DegradedActiveHc, "/degraded_active_hc"],
  [HealthFlag.DegradedEdsHealth, "/degraded_eds_health"],
  [HealthFlag.PendingDynamicRemoval, "/pending_dynamic_removal"],
  [HealthFlag.PendingActiveHc, "/pending_active_hc"],
  [HealthFlag.ExcludedViaImmediateHcFail, "/excluded_via_immediate_hc_fail"],
  [HealthFlag.ActiveHcTimeout, "/active_hc_timeout"],
  [HealthFlag.EdsStatusDraining, "/eds_status_draining"],
  [HealthFlag.DegradedOutlierDetection, "/degraded_outlier_detection"],
];
