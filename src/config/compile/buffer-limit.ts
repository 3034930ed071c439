// per_connection_buffer_limit_bytes of listeners and clusters: the same field with the same reach. Called by listener.ts and cluster.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { count } from "../load/fields.ts";
import type { CompileContext } from "./context.ts";

/** The limit, default 1 MiB; 0 is none. Streams of HTTP keep their own, lower one, which is said when the file sets this. */
export function bufferBytesMax(context: CompileContext, message: CheckedMessage): number {
  const limit = count(message, FIELD);
  if (limit === undefined) return 1_048_576;
  context.warn(message, FIELD, `${FIELD} is acted on where bytes pass raw (tcp_proxy); HTTP buffers 32 KiB a stream`);
  return limit === 0 ? Number.POSITIVE_INFINITY : limit;
}

const FIELD = "per_connection_buffer_limit_bytes";
