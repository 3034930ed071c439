// The cluster type whose endpoints nodes of the mesh announce: starling.mesh.v1.MeshCluster. Called by cluster.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledge, child, children, text } from "../load/fields.ts";
import type { DiscoveryPlan } from "../plan/cluster.ts";
import type { CompileContext } from "./context.ts";

/** What mesh discovery needs. */
export type MeshDiscoveryPlan = Extract<DiscoveryPlan, { kind: "mesh" }>;

/** Compiles a cluster's cluster_type; null for one that is not ours, after it was refused. */
export function compileMeshDiscovery(context: CompileContext, cluster: CheckedMessage): MeshDiscoveryPlan | null {
  const type = child(cluster, "cluster_type");
  if (type === undefined) return null;
  const name = text(type, "name") ?? "";
  const config = child(type, "typed_config");
  if (config?.type !== MESH_CLUSTER) {
    const isOurs = config === undefined && name === MESH_CLUSTER_NAME;
    if (isOurs) context.error(type, "", `${name} needs a typed_config of the type ${MESH_CLUSTER}`);
    else context.refuse(cluster, "cluster_type", "cluster extensions", `${INSTEAD}, or ${MESH_CLUSTER_NAME}`);
    return null;
  }
  if (context.options.compat === "envoy") {
    context.refuse(cluster, "cluster_type", "endpoints that nodes announce (--compat envoy)", INSTEAD);
    return null;
  }
  refuseEndpoints(context, cluster);
  if (!context.hasMesh) {
    const says = `no mesh is named (--mesh): '${text(cluster, "name") ?? ""}' has no endpoints, since nobody announces any`;
    context.warn(cluster, "cluster_type", says);
  }
  return { kind: "mesh", service: text(config, "service_name") ?? "", endpoints: [] };
}

function refuseEndpoints(context: CompileContext, cluster: CheckedMessage): void {
  const assignment = child(cluster, "load_assignment");
  if (assignment === undefined) return;
  acknowledge(assignment, "cluster_name", "endpoints");
  if (children(assignment, "endpoints").length === 0) return;
  context.error(assignment, "endpoints", "a mesh cluster has the endpoints that are announced: leave endpoints out");
}

const MESH_CLUSTER_NAME = "starling.clusters.mesh";
const MESH_CLUSTER = "starling.mesh.v1.MeshCluster";
const INSTEAD = "use type STATIC, STRICT_DNS or LOGICAL_DNS";
