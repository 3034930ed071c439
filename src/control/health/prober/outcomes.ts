// The outcomes of probes; those that come thousands of times a second are made once. Used by the judges of answers and endpoint-probe.ts.
import type { ProbeOutcome } from "../probe.ts";

/** A success of a check without an HTTP status. */
export const SUCCESS: ProbeOutcome = outcome("success", "", 0, false);

/** A good HTTP answer. */
export function httpSuccess(kind: "success" | "degraded", httpStatus: number, verifiedCluster: boolean): ProbeOutcome {
  if (kind === "success" && !verifiedCluster) {
    const known = SUCCESSES.get(httpStatus);
    if (known !== undefined) return known;
    const made = outcome(kind, "", httpStatus, false);
    SUCCESSES.set(httpStatus, made);
    return made;
  }
  return outcome(kind, "", httpStatus, verifiedCluster);
}

/** An answer that says no. */
export function refused(reason: string, httpStatus: number = 0, verifiedCluster: boolean = false): ProbeOutcome {
  return outcome("refused", reason, httpStatus, verifiedCluster);
}

/** No answer. */
export function noAnswer(kind: "network" | "timeout", reason: string): ProbeOutcome {
  return outcome(kind, reason, 0, false);
}

/** Any outcome. */
export function outcome(
  kind: ProbeOutcome["kind"],
  reason: string,
  httpStatus: number,
  verifiedCluster: boolean,
): ProbeOutcome {
  return Object.freeze({ kind, reason, httpStatus, verifiedCluster });
}

/** By status: at most as many as there are statuses. */
const SUCCESSES: Map<number, ProbeOutcome> = new Map();
