// One cluster's endpoints as the bytes of a ClusterLoadAssignment. An endpoint's bytes are made when it comes, and its status is put behind
// them when it changes (protobuf does not mind the order of fields); all else is putting together. Called by assignments.ts.
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { CheckedMessage, CheckedValue } from "../../config/load/checked.ts";
import { toWire } from "../../config/load/write-wire.ts";
import type { AddressPlan } from "../../config/plan/address.ts";
import type { ClusterPlan, EndpointPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts } from "../../config/plan/endpoint-set.ts";
import type { HealthStatus } from "./health-status.ts";
import { versionOf } from "./version.ts";
import { ASSIGNMENT_URL, checked, fieldNumber, withRepeated } from "./wire.ts";
import type { Resource } from "./xds.ts";

/** An endpoint on its way to clients. */
export interface Member {
  readonly facts: EndpointFacts;
  /** Members of one key stand together. */
  readonly locality: string;
  /** Its LbEndpoint without a status. */
  readonly bytes: Uint8Array;
  /** Null: left out. */
  readonly status: HealthStatus | null;
  /** Its LbEndpoint as a field of the locality; null: to be made. */
  field: Uint8Array | null;
}

/** An endpoint whose status is not known yet. */
export function newMember(facts: EndpointFacts): Member {
  return { facts, locality: localityKey(facts), bytes: toWire(lbEndpoint(facts)), status: null, field: null };
}

/** The same endpoint with another status. */
export function withStatus(member: Member, status: HealthStatus | null): Member {
  return { ...member, status, field: null };
}

/** The resource of a cluster. Its version is of its content: another node, or this one after a restart, gives the same to the same. */
export function assignment({ name, overprovisioningPercent }: ClusterPlan, members: Iterable<Member>): Resource {
  const policy = checked(`${ASSIGNMENT}.Policy`, { overprovisioning_factor: overprovisioningPercent });
  const head = checked(ASSIGNMENT, {
    cluster_name: name,
    ...(overprovisioningPercent === OVERPROVISIONING_PERCENT ? {} : { policy }),
  });
  const value = withRepeated(head, "endpoints", localities(members));
  const any = new BinaryWriter().tag(1, WireType.LengthDelimited).string(ASSIGNMENT_URL);
  const bytes = any.tag(2, WireType.LengthDelimited).bytes(value).finish();
  return { name, version: versionOf(value), bytes };
}

/** LocalityLbEndpoints in the order of their first endpoints. */
function* localities(members: Iterable<Member>): Iterable<Uint8Array> {
  const groups = new Map<string, Member[]>();
  for (const member of members) {
    if (member.status === null) continue;
    const group = groups.get(member.locality);
    if (group === undefined) groups.set(member.locality, [member]);
    else group.push(member);
  }
  for (const group of groups.values()) {
    const writer = new BinaryWriter();
    const [first] = group;
    if (first !== undefined) writer.raw(toWire(localityHead(first.facts)));
    for (const member of group) writer.raw(fieldOf(member));
    yield writer.finish();
  }
}

function localityKey({ locality: { region, zone, subZone }, localityWeight, priority }: EndpointFacts): string {
  return `${priority} ${localityWeight} ${region}\n${zone}\n${subZone}`;
}

function localityHead({
  locality: { region, zone, subZone },
  localityWeight,
  priority,
}: EndpointFacts): CheckedMessage {
  const isNamed = region !== "" || zone !== "" || subZone !== "";
  return checked(LOCALITY, {
    ...(isNamed ? { locality: checked("envoy.config.core.v3.Locality", { region, zone, sub_zone: subZone }) } : {}),
    ...(localityWeight === 0 ? {} : { load_balancing_weight: localityWeight }),
    priority,
  });
}

function fieldOf(member: Member): Uint8Array {
  const { bytes, status } = member;
  if (member.field === null) {
    const tail = statusBytes(status ?? "UNKNOWN");
    const number = fieldNumber(LOCALITY, "lb_endpoints");
    const writer = new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(bytes.length + tail.length);
    member.field = writer.raw(bytes).raw(tail).finish();
  }
  return member.field;
}

function statusBytes(status: HealthStatus): Uint8Array {
  let bytes = STATUS_BYTES.get(status);
  if (bytes === undefined) {
    bytes = toWire(checked(LB_ENDPOINT, { health_status: status }));
    STATUS_BYTES.set(status, bytes);
  }
  return bytes;
}

function lbEndpoint({ address, hostname, weight, metadata, check }: EndpointPlan): CheckedMessage {
  const hasCheck = check.port !== 0 || check.hostname !== "" || check.address !== "" || check.disabled;
  const checkAddress = { kind: "socket", host: check.address, port: check.port, ipv4Compat: false } as const;
  const config = checked("envoy.config.endpoint.v3.Endpoint.HealthCheckConfig", {
    port_value: check.port,
    hostname: check.hostname,
    disable_active_health_check: check.disabled,
    ...(check.address === "" ? {} : { address: addressMessage(checkAddress) }),
  });
  const endpoint = checked("envoy.config.endpoint.v3.Endpoint", {
    address: addressMessage(address),
    hostname,
    ...(hasCheck ? { health_check_config: config } : {}),
  });
  const structs = Object.entries(metadata).map(([key, value]) => [key, { kind: "json", value } as CheckedValue]);
  const filters = { kind: "map", entries: Object.fromEntries(structs) } as const;
  return checked(LB_ENDPOINT, {
    endpoint,
    ...(structs.length === 0
      ? {}
      : { metadata: checked("envoy.config.core.v3.Metadata", { filter_metadata: filters }) }),
    ...(weight === 1 ? {} : { load_balancing_weight: weight }),
  });
}

function addressMessage(address: AddressPlan): CheckedMessage {
  if (address.kind === "pipe") {
    const pipe = checked("envoy.config.core.v3.Pipe", { path: address.path, mode: address.mode });
    return checked("envoy.config.core.v3.Address", { pipe });
  }
  const { host, port, ipv4Compat } = address;
  const fields = { address: host, port_value: port, ipv4_compat: ipv4Compat };
  return checked("envoy.config.core.v3.Address", {
    socket_address: checked("envoy.config.core.v3.SocketAddress", fields),
  });
}

const ASSIGNMENT = "envoy.config.endpoint.v3.ClusterLoadAssignment";
const LOCALITY = "envoy.config.endpoint.v3.LocalityLbEndpoints";
const LB_ENDPOINT = "envoy.config.endpoint.v3.LbEndpoint";
/** Envoy's default, which needs no policy. */
const OVERPROVISIONING_PERCENT = 140;
const STATUS_BYTES = new Map<HealthStatus, Uint8Array>();
