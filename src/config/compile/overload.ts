// The overload manager of a bootstrap: of its monitors the one that limits the node's downstream connections. Called by bootstrap.ts before
// listeners, each of which carries the limit.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, text } from "../load/fields.ts";
import type { CompileContext } from "./context.ts";

/** max_active_downstream_connections; Infinity: none. */
export function compileConnectionsMax(context: CompileContext, bootstrap: CheckedMessage): number {
  const manager = child(bootstrap, "overload_manager");
  let max = Number.POSITIVE_INFINITY;
  for (const monitor of manager === undefined ? [] : children(manager, "resource_monitors")) {
    const name = text(monitor, "name") ?? "";
    const config = child(monitor, "typed_config");
    if (config?.type === DOWNSTREAM_CONNECTIONS) {
      max = count(config, "max_active_downstream_connections") ?? max;
    } else {
      const says = `the resource monitor '${name}' is not acted on: each worker has a memory budget, and downstream_connections is counted`;
      context.warn(monitor, "typed_config", says);
    }
  }
  return max;
}

const DOWNSTREAM_CONNECTIONS =
  "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig";
