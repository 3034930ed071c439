// What happened to a key, in the words of an event. Called by changes.ts and ramps.ts.

import type { RuntimeRecord } from "../../../messages/mesh-runtime.ts";
import { hashText, hexOf } from "../state/hash64.ts";
import type { RuntimeNews } from "./runtime-effects.ts";
import type { RuntimeChange } from "./runtime-messages.ts";
import { runtimeText } from "./runtime-record.ts";

/** Of a record: two drivers that say the same step say it under one id. */
export function newsOf(record: RuntimeRecord, what: Exclude<RuntimeNews["what"], "refused">): RuntimeNews {
  const { change, key, value: to, before, step, steps, writer, version, reason } = record;
  const id = `${change}-${what}-${step}${what === "held" ? `-${hexOf(hashText(reason))}` : ""}`;
  return { id, what, key, value: runtimeText(record), to, before, step, steps, writer, version, reason };
}

/** Of a change that was not taken. */
export function refusal({ change, key, value, writer }: RuntimeChange, reason: string): RuntimeNews {
  const id = `${change}-refused`;
  return { id, what: "refused", key, value: "", to: value, before: "", step: 0, steps: 0, writer, version: 0, reason };
}
