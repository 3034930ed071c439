// What becomes of a connection manager's own answers (local_reply_config). Asked where such an answer is made.
import type { LineFormatPlan } from "./access-log.ts";
import type { LogFilterPlan } from "./log-filter.ts";
import type { HeaderAddPlan } from "./route.ts";

/** The mappers in order, of which the first that wants an answer changes it, and the format of bodies. */
export interface LocalReplyPlan {
  readonly mappers: readonly ReplyMapperPlan[];
  /** Of answers whose mapper has none of its own; null: the body as it is. */
  readonly bodyFormat: BodyFormatPlan | null;
}

/** One change of the answers that its filter wants. */
export interface ReplyMapperPlan {
  readonly filter: LogFilterPlan;
  /** The new status; -1: it stays. */
  readonly status: number;
  /** The new body, before it is formatted; null: it stays. */
  readonly replyBody: Uint8Array | null;
  readonly bodyFormat: BodyFormatPlan | null;
  readonly headersToAdd: readonly HeaderAddPlan[];
}

/** A body. Texts of the format are wire texts, one character per byte. */
export interface BodyFormatPlan extends LineFormatPlan {
  readonly contentType: string;
}
