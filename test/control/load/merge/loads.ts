// Loads for tests of their merging.
import fc from "fast-check";
import type { AddressPlan } from "../../../../src/config/plan/address.ts";
import { connectionCounts } from "../../../../src/control/load/connection-counts.ts";
import type { ClusterLoad, EndpointLoad, LocalityLoad } from "../../../../src/messages/load.ts";

/** An endpoint with these counts: success, error, issued, in progress. */
export function endpoint(port: number, counts: readonly [number, number, number, number]): EndpointLoad {
  const [success, error, issued, inProgress] = counts;
  const address: AddressPlan = { kind: "socket", host: "192.0.2.1", port, ipv4Compat: false };
  return { address, success, error, issued, inProgress };
}

/** A locality with what its endpoints counted. `connections`: opened, failed, active. */
export function locality(
  zone: string,
  endpoints: readonly EndpointLoad[],
  connections: readonly [number, number, number] = [0, 0, 0],
): LocalityLoad {
  const sum = (name: "success" | "error" | "issued" | "inProgress"): number =>
    endpoints.reduce((all, one) => all + one[name], 0);
  const counts = { success: sum("success"), error: sum("error"), issued: sum("issued"), inProgress: sum("inProgress") };
  const place = { locality: { region: "", zone, subZone: "" }, priority: 0 };
  return { ...place, ...counts, connections: connectionCounts(...connections), endpoints };
}

/** A cluster of these localities, with so many requests dropped. */
export function cluster(name: string, localities: readonly LocalityLoad[], droppedTotal: number = 0): ClusterLoad {
  const dropped = droppedTotal > 0 ? [{ category: "lb", count: droppedTotal }] : [];
  return { cluster: name, serviceName: "", localities, droppedTotal, dropped };
}

const ANY_ENDPOINT = fc
  .tuple(fc.nat(65_535), fc.nat(9), fc.nat(9), fc.nat(9), fc.nat(9))
  .map(([port, ...counts]) => endpoint(port, counts));

const ANY_LOCALITY = fc
  .tuple(
    fc.constantFrom("a", "b", "ü".repeat(100)),
    fc.uniqueArray(ANY_ENDPOINT, { maxLength: 40, selector: ({ address }) => JSON.stringify(address) }),
    fc.tuple(fc.nat(9), fc.nat(2), fc.nat(9)),
  )
  .map(([zone, endpoints, connections]) => locality(zone, endpoints, connections));

/** Any load. */
export const anyLoad: fc.Arbitrary<ClusterLoad> = fc
  .tuple(fc.string({ minLength: 1, maxLength: 40 }), fc.array(ANY_LOCALITY, { maxLength: 4 }), fc.nat(3))
  .map(([name, localities, dropped]) => cluster(name, localities, dropped));
