// Plans by hand, for tests of what carries plans and does not read them.
import type { FilterChainPlan, ListenerPlan } from "../../src/config/plan/listener.ts";
import type { Plan } from "../../src/config/plan/plan.ts";

/** A listener of this name on a free port of loopback, without filter chains. */
export function bareListener(name: string, more: Partial<ListenerPlan> = {}): ListenerPlan {
  return {
    name,
    address: { kind: "socket", host: "127.0.0.1", port: 0, ipv4Compat: false },
    additionalAddresses: [],
    statPrefix: "127.0.0.1_0",
    filterChains: [],
    defaultFilterChain: { tls: null } as unknown as FilterChainPlan,
    perConnectionBufferBytesMax: 1_048_576,
    bindToPort: true,
    connectionsMax: Number.POSITIVE_INFINITY,
    backlog: 128,
    drainType: "default",
    trafficDirection: "unspecified",
    inspectsTls: false,
    ...more,
  };
}

/** A plan of these listeners. */
export function barePlan(listeners: readonly ListenerPlan[], more: Partial<Plan> = {}): Plan {
  return {
    version: "",
    node: { id: "n", cluster: "c", region: "", zone: "", subZone: "", metadata: {} },
    admin: null,
    listeners,
    clusters: [],
    runtime: { layers: [] },
    statsFlushIntervalMs: 5_000,
    compat: "starling",
    ...more,
  };
}
