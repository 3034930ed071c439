// Whose spans, metrics and logs they are, by OpenTelemetry's conventions for resources: the same for all three.
import type { OtlpLogPlan } from "../../config/plan/otlp.ts";
import type { NodePlan } from "../../config/plan/plan.ts";

/** The node and its program. */
export interface ResourceNode {
  readonly node: NodePlan;
  readonly version: string;
}

/** What the environment says of the resource. */
export interface ResourceEnvironment {
  /** Empty: nothing. */
  readonly serviceName: string;
  readonly resource: ReadonlyMap<string, string>;
}

/** Attributes by name. `serviceName`: of the configuration; empty: of the environment, else the node's cluster. */
export function resourceOf(
  { node, version }: ResourceNode,
  environment: ResourceEnvironment,
  serviceName: string,
): Map<string, string> {
  const resource = new Map(environment.resource);
  resource.set("service.name", serviceName || environment.serviceName || node.cluster || "unknown_service:starling");
  if (node.id !== "") {
    resource.set("node_id", node.id);
    if (!resource.has("service.instance.id")) resource.set("service.instance.id", node.id);
  }
  if (node.zone !== "" && !resource.has("cloud.availability_zone")) resource.set("cloud.availability_zone", node.zone);
  resource.set("telemetry.sdk.name", "starling");
  resource.set("telemetry.sdk.language", "nodejs");
  resource.set("telemetry.sdk.version", version);
  return resource;
}

/** The same for records of an access log: with Envoy's labels of its node unless the file says no, and with what the file adds. */
export function logResource(
  resource: ReadonlyMap<string, string>,
  node: NodePlan,
  plan: Pick<OtlpLogPlan, "logName" | "resource">,
): Map<string, string> {
  const labels: readonly (readonly [string, string])[] =
    plan.logName === null
      ? []
      : [
          ["log_name", plan.logName],
          ["zone_name", node.zone],
          ["cluster_name", node.cluster],
          ["node_name", node.id],
        ];
  return new Map([...resource, ...labels, ...plan.resource]);
}
