// Which requests are traced, as Envoy decides it (ConnectionManagerUtility::mutateTracingRequestHeader): by the client's or a trusted
// service's wish or by chance, and written into the request's id, so that the next proxy decides alike.
import type { Random } from "../../base/random.ts";
import type { RuntimeView } from "../../config/plan/runtime.ts";
import type { RouteTracingPlan, TracingPlan } from "../../config/plan/tracing.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { inFraction } from "../routing/runtime-view.ts";
import { hexWord } from "./hex.ts";

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
  if (at < 0) return "none";
  const { bytes } = head;
  const start = head.valueStart(at);
  const word = head.valueEnd(at) - start > REASON_AT ? hexWord(bytes, start) : -1;
  if (word < 0) return "none";
  const number = word % 10_000;
  const told = reasonOf(bytes[start + REASON_AT] as number);
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
  if (reason !== told) head.setValueByte(at, REASON_AT, LETTERS[reason]);
  return reason;
}

function reasonOf(letter: number): TraceReason {
  if (letter === NINE) return "sampled";
  return letter === LOWER_A ? "service" : letter === LOWER_A + 1 ? "client" : "none";
}

/** The digit of a UUID that says its version. */
const REASON_AT = 14;
const NINE = 0x39;
const LOWER_A = 0x61;
const LETTERS: Readonly<Record<TraceReason, number>> = {
  none: 0x34,
  sampled: NINE,
  service: LOWER_A,
  client: LOWER_A + 1,
};
