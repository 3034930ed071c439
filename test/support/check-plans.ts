// Plans of active checks for tests: everything has its default, so that a case shows only what it is about.
import type {
  GrpcCheckPlan,
  HealthCheckPlan,
  HttpCheckPlan,
  TcpCheckPlan,
} from "../../src/config/plan/health-check.ts";

/** An HTTP check with Envoy's defaults. */
export function httpCheck(checker: Partial<HttpCheckPlan> = {}, more: Partial<HealthCheckPlan> = {}): HealthCheckPlan {
  return checkPlan(
    {
      kind: "http",
      host: "",
      path: "/",
      method: "GET",
      codec: "http1",
      usesAlpn: false,
      send: new Uint8Array(0),
      receive: [],
      responseBytesMax: 1_024,
      headersToAdd: [],
      headersToRemove: [],
      expectedStatuses: [{ start: 200, end: 201 }],
      retriableStatuses: [],
      serviceName: null,
      ...checker,
    },
    more,
  );
}

/** A TCP check; texts in latin1. */
export function tcpCheck(
  send: string = "",
  receive: readonly string[] = [],
  more: Partial<HealthCheckPlan> = {},
): HealthCheckPlan {
  return checkPlan({ kind: "tcp", send: bytesOf(send), receive: receive.map(bytesOf) }, more);
}

/** A gRPC check. */
export function grpcCheck(checker: Partial<GrpcCheckPlan> = {}, more: Partial<HealthCheckPlan> = {}): HealthCheckPlan {
  return checkPlan({ kind: "grpc", serviceName: "", authority: "", metadata: [], ...checker }, more);
}

/** Bytes of a latin1 text. */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

function checkPlan(
  checker: HttpCheckPlan | TcpCheckPlan | GrpcCheckPlan,
  more: Partial<HealthCheckPlan>,
): HealthCheckPlan {
  return {
    name: "",
    timeoutMs: 5_000,
    intervalMs: 1_000,
    initialJitterMs: 0,
    intervalJitterMs: 0,
    intervalJitterPercent: 0,
    unhealthyThreshold: 2,
    healthyThreshold: 2,
    noTrafficIntervalMs: 60_000,
    noTrafficHealthyIntervalMs: 60_000,
    unhealthyIntervalMs: 1_000,
    unhealthyEdgeIntervalMs: 1_000,
    healthyEdgeIntervalMs: 1_000,
    reuseConnection: true,
    altPort: 0,
    alwaysLogFailures: false,
    alwaysLogSuccess: false,
    eventLogPaths: [],
    alpn: [],
    checker,
    ...more,
  };
}
