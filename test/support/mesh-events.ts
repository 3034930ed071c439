// Events of a mesh for tests.
import type { MeshEvent } from "../../src/control/mesh/events/mesh-event.ts";

/** An endpoint of `shop` that two nodes saw time out. */
export function healthDown(more: Partial<HealthChanged> = {}): HealthChanged {
  return {
    type: "health-changed",
    id: "0123456789abcdef",
    cluster: "shop",
    endpoint: "192.0.2.1:8080",
    from: "healthy",
    to: "unhealthy",
    reason: "timeout",
    scope: "mesh",
    observers: ["front", "back"],
    ...more,
  };
}

type HealthChanged = Extract<MeshEvent, { readonly type: "health-changed" }>;
