// What a client asks of the fault filter in x-envoy-fault-* headers, where the configuration lets it.
import type { FractionPlan } from "../../../config/plan/match.ts";
import type { HeaderList } from "../../../protocol/header-list.ts";

/** The share; a percentage in the headers may lower it. */
export function shareAsked(
  { percent, byHeader }: { readonly percent: FractionPlan; readonly byHeader: boolean },
  head: HeaderList,
  fault: "delay-request" | "abort-request" | "throughput-response",
): FractionPlan {
  const numerator = byHeader ? asked(head, `${fault}-percentage`) : -1;
  return numerator < 0 || numerator >= percent.numerator ? percent : { ...percent, numerator };
}

/** Milliseconds; -1: none. */
export function delayAsked(head: HeaderList): number {
  return asked(head, "delay-request");
}

/** KiB a second; 0: none. */
export function rateAsked(head: HeaderList): number {
  return Math.max(0, asked(head, "throughput-response"));
}

/** Status 0 and gRPC status -1: none. */
export function abortAsked(head: HeaderList): { readonly status: number; readonly grpcStatus: number } {
  const status = asked(head, "abort-request");
  const isStatus = status >= 200 && status <= 599;
  return { status: isStatus ? status : 0, grpcStatus: asked(head, "abort-grpc-request") };
}

/** A whole number; -1: none. */
function asked(head: HeaderList, what: string): number {
  const at = head.findName(`x-envoy-fault-${what}`);
  const text = at < 0 ? "" : head.valueText(at);
  return /^\d{1,9}$/.test(text) ? Number(text) : -1;
}
