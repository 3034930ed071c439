// The mesh for the dashboard: members, and who says what of which endpoint. Ages become times, which stay while nothing happens. Called by
// snapshot.ts.
import type { EndpointView, GroupView, MemberView } from "../../../messages/mesh-view.ts";
import type { MeshSource } from "../view.ts";
import type { JsonObject } from "./merge-patch.ts";

/** As the mesh's thread knows it now. */
export async function meshFacts(source: MeshSource, endpointsMax: number): Promise<JsonObject> {
  const { name, broker } = source;
  const view = await source.view({ cluster: "", endpointsMax });
  if (view === null) return { name, broker, answers: false, members: {}, endpoints: {} };
  const { phase, isReady, reason, isAlone, isBusUp, owners, loadReporter, events } = view;
  const endpoints = view.groups.flatMap((group) => group.endpoints.map((one) => [group, one] as const));
  return {
    name,
    broker,
    answers: true,
    ...{ phase, isReady, reason, isAlone, isBusUp, owners },
    loadReporter: loadReporter ?? "",
    events: Object.fromEntries(events.map(({ number, ...event }) => [number, event])),
    members: Object.fromEntries(view.members.map((member) => [member.node, memberFacts(member)])),
    endpoints: Object.fromEntries(
      endpoints.map(([group, one]) => [`${group.cluster} ${one.address} ${group.group}`, endpointFacts(group, one)]),
    ),
  };
}

function memberFacts(member: MemberView): JsonObject {
  const { life, phase, roles, zone, adminAddress, isCovering, isResigned, epoch, entries, groups } = member;
  return { life, phase, roles, zone, adminAddress, isCovering, isResigned, epoch, entries, groups };
}

function endpointFacts({ cluster, intervalMs }: GroupView, endpoint: EndpointView): JsonObject {
  const { address, standing, meshStanding, owners, probers, reason, damping, observations } = endpoint;
  const says = observations.map((one) => {
    const { node, cause, isOwn, counts } = one;
    return { node, standing: one.standing, cause, isOwn, counts };
  });
  return { cluster, address, intervalMs, standing, meshStanding, owners, probers, reason, damping, says };
}
