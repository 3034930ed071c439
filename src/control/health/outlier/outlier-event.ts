// Lines of the outlier event log: OutlierDetectionEvent as JSON, byte for byte as Envoy writes it.
import { isoTime } from "../../../base/iso-time.ts";

/** What happened. */
export interface OutlierEvent {
  /** Envoy's name of the kind; an unejection has none and says CONSECUTIVE_5XX. */
  readonly type: string;
  readonly action: "EJECT" | "UNEJECT";
  readonly wallMs: number;
  /** Since the opposite action; -1: there was none. */
  readonly sinceLastActionMs: number;
  readonly cluster: string;
  readonly address: string;
  readonly ejections: number;
  readonly enforced: boolean;
  readonly details: OutlierDetails | null;
}

/** Why it was ejected; percentages are cut to whole ones, as Envoy's fields are. */
export type OutlierDetails =
  | { readonly kind: "consecutive" }
  | { readonly kind: "success_rate"; readonly rate: number; readonly average: number; readonly threshold: number }
  | { readonly kind: "failure_percentage"; readonly rate: number };

/** One line, without its end. */
export function outlierEventText(event: OutlierEvent): string {
  const { sinceLastActionMs } = event;
  return JSON.stringify({
    type: event.type,
    // As protobuf's JSON has it: no fraction when there is none.
    timestamp: isoTime(event.wallMs).replace(".000Z", "Z"),
    ...(sinceLastActionMs < 0 ? {} : { secs_since_last_action: String(Math.trunc(sinceLastActionMs / 1000)) }),
    cluster_name: event.cluster,
    upstream_url: event.address,
    action: event.action,
    num_ejections: event.ejections,
    enforced: event.enforced,
    ...detailsJson(event.details),
  });
}

function detailsJson(details: OutlierDetails | null): Record<string, unknown> {
  if (details === null) return {};
  switch (details.kind) {
    case "consecutive":
      return { eject_consecutive_event: {} };
    case "success_rate":
      return {
        eject_success_rate_event: {
          host_success_rate: Math.trunc(details.rate),
          cluster_average_success_rate: Math.trunc(details.average),
          cluster_success_rate_ejection_threshold: Math.trunc(details.threshold),
        },
      };
    case "failure_percentage":
      return { eject_failure_percentage_event: { host_success_rate: Math.trunc(details.rate) } };
  }
}
