// envoy.extensions.filters.http.buffer.v3 to BufferPlan. Called through filter-types.ts.
import type { CheckedMessage } from "../../load/checked.ts";
import { child, count, oneOf } from "../../load/fields.ts";
import type { BufferOverridePlan, BufferPlan } from "../../plan/filters/buffer.ts";
import type { CompileContext } from "../context.ts";

/** Compiles Buffer. */
export function compileBuffer(_: CompileContext, config: CheckedMessage): BufferPlan {
  return { kind: "buffer", requestBytesMax: count(config, "max_request_bytes") ?? 0 };
}

/** Compiles BufferPerRoute: `disabled` can only be true. */
export function compileBufferOverride(context: CompileContext, config: CheckedMessage): BufferOverridePlan {
  const kind = oneOf(config, ["disabled", "buffer"]);
  const settings = kind === "buffer" ? compileBuffer(context, child(config, kind) as CheckedMessage) : null;
  return { kind: "buffer", settings };
}
