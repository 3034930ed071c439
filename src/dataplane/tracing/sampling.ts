// Which requests are traced, as Envoy decides it (ConnectionManagerUtility::mutateTracingRequestHeader): by the client's or a trusted
// service's wish or by chance, and written into the request's id, so that the next proxy decides alike.
import type { Random } from "../../base/random.ts";
import type { RuntimeView } from "../../config/plan/runtime.ts";
import type { RouteTracingPlan, TracingPlan } from "../../config/plan/tracing.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { inFraction } from "../routing/runtime-view.ts";

/** Why a request is traced; `none`: it is not. */
export type TraceReason = "none" | "sampled" | "service" | "client";

/** What chance and runtime are asked of. */
export interface SamplingParts {
  readonly random: Random;
  readonly runtime: RuntimeView;
}

/** Decides, and writes the decision into x-request-id. A request without a proper id is not traced. */
export function sample(
  head: HeaderList,
  plan: TracingPlan,
  route: RouteTracingPlan | null,
  { random, runtime }: SamplingParts,
): TraceReason {
  const at = head.find(H.X_REQUEST_ID);
  const id = at < 0 ? "" : head.valueText(at);
  const word = Number.parseInt(id.slice(0, 8), 16);
  if (id.length <= REASON_AT || Number.isNaN(word)) return "none";
  const number = word % 10_000;
  const told = REASONS[id.charAt(REASON_AT)] ?? "none";
  let reason = told;
  if (told === "none") {
    const client = route?.clientSampling ?? plan.clientSampling;
    const byChance = route?.randomSampling ?? plan.randomSampling;
    if (head.has(H.X_CLIENT_TRACE_ID) && inFraction(client, runtime, random.next32())) reason = "client";
    else if (head.has(H.X_ENVOY_FORCE_TRACE)) reason = "service";
    else if (inFraction(byChance, runtime, number)) reason = "sampled";
  }
  if (reason !== "none" && !inFraction(route?.overallSampling ?? plan.overallSampling, runtime, number))
    reason = "none";
  if (reason !== told) head.replaceValueAt(at, id.slice(0, REASON_AT) + LETTERS[reason] + id.slice(REASON_AT + 1));
  return reason;
}

/** The digit of a UUID that says its version. */
const REASON_AT = 14;
const REASONS: Readonly<Record<string, TraceReason>> = { "9": "sampled", a: "service", b: "client" };
const LETTERS: Readonly<Record<TraceReason, string>> = { none: "4", sampled: "9", service: "a", client: "b" };
