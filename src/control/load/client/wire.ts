// Load reports and what is asked of them as bytes. A report may tell of ten thousand endpoints each second, so it is written field by field;
// field numbers come from the descriptor set. Called by load-actor.ts.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { JsonValue } from "../../../config/load/checked.ts";
import { toWire } from "../../../config/load/write-wire.ts";
import type { AddressPlan } from "../../../config/plan/address.ts";
import type { LocalityPlan } from "../../../config/plan/cluster.ts";
import type { NodePlan } from "../../../config/plan/plan.ts";
import type { ClusterLoad, EndpointLoad, LoadCounts, LocalityLoad } from "../../../messages/load.ts";
import { checked, fieldNumber } from "../../eds/wire.ts";
import { sharesJson } from "../node-shares.ts";
import type { LoadAsk, LoadReport, ReportedCluster } from "./lrs-messages.ts";

/** Who reports. */
export interface Reporter {
  readonly node: NodePlan;
  /** Of this program. */
  readonly version: string;
  /** Tells this life of the reporter from any other. */
  readonly instance: string;
}

/** A LoadStatsRequest. As Envoy's each one names the node in full, without the list of its extensions. */
export function writeReport(reporter: Reporter, report: LoadReport): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(N.requestNode, WireType.LengthDelimited).bytes(nodeBytes(reporter, report));
  for (const cluster of report.clusters) {
    writer.tag(N.requestClusters, WireType.LengthDelimited).fork();
    writeCluster(writer, cluster);
    writer.join();
  }
  return writer.finish();
}

/** A LoadStatsResponse from its bytes; throws on bytes that are none. */
export function readAsk(bytes: Uint8Array): LoadAsk {
  const clusters: string[] = [];
  const ask = { clusters, sendAll: false, intervalMs: 0, byEndpoint: false };
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === N.askClusters) clusters.push(wants(wire, WireType.LengthDelimited, reader).string());
    else if (number === N.askAll) ask.sendAll = wants(wire, WireType.Varint, reader).bool();
    else if (number === N.askEndpoints) ask.byEndpoint = wants(wire, WireType.Varint, reader).bool();
    else if (number === N.askInterval) ask.intervalMs = readDuration(wants(wire, WireType.LengthDelimited, reader));
    else reader.skip(wire, number);
  }
  return ask;
}

function wants(wire: WireType, wanted: WireType, reader: BinaryReader): BinaryReader {
  if (wire !== wanted) throw new RangeError("a field of LoadStatsResponse has another type");
  return reader;
}

function readDuration(reader: BinaryReader): number {
  const end = reader.uint32() + reader.pos;
  let ms = 0;
  while (reader.pos < end) {
    const [number, wire] = reader.tag();
    if (number === SECONDS) ms += Number(wants(wire, WireType.Varint, reader).int64()) * 1_000;
    else if (number === NANOS) ms += wants(wire, WireType.Varint, reader).int32() / 1e6;
    else reader.skip(wire, number);
  }
  return ms;
}

function nodeBytes({ node, version, instance }: Reporter, { sequence, shares }: LoadReport): Uint8Array {
  const { id, cluster, region, zone, subZone } = node;
  const [major = 0, minor = 0, patch = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  const own = {
    [INSTANCE]: instance,
    ...(sequence === 0 ? {} : { [SEQUENCE]: sequence }),
    ...(shares.length === 0 ? {} : { [NODES]: sharesJson(shares) }),
  };
  const isPlaced = region !== "" || zone !== "" || subZone !== "";
  return toWire(
    checked(NODE, {
      id,
      cluster,
      metadata: { kind: "json", value: { ...node.metadata, ...own } as JsonValue },
      ...(isPlaced ? { locality: checked(LOCALITY, { region, zone, sub_zone: subZone }) } : {}),
      user_agent_name: "starling",
      user_agent_build_version: checked("envoy.config.core.v3.BuildVersion", {
        version: checked("envoy.type.v3.SemanticVersion", { major_number: major, minor_number: minor, patch }),
      }),
      client_features: FEATURES,
    }),
  );
}

function writeCluster(writer: BinaryWriter, { load, intervalMs }: ReportedCluster): void {
  text(writer, N.clusterName, load.cluster);
  text(writer, N.clusterService, load.serviceName);
  for (const locality of load.localities) {
    writer.tag(N.clusterLocalities, WireType.LengthDelimited).fork();
    writeLocality(writer, locality);
    writer.join();
  }
  number(writer, N.clusterDropped, load.droppedTotal);
  for (const dropped of load.dropped) writeDropped(writer, dropped);
  const seconds = Math.floor(intervalMs / 1_000);
  writer.tag(N.clusterInterval, WireType.LengthDelimited).fork();
  number(writer, SECONDS, seconds);
  number(writer, NANOS, Math.round((intervalMs - seconds * 1_000) * 1e3) * 1e3);
  writer.join();
}

function writeDropped(writer: BinaryWriter, { category, count }: ClusterLoad["dropped"][number]): void {
  writer.tag(N.clusterDrops, WireType.LengthDelimited).fork();
  text(writer, N.dropCategory, category);
  number(writer, N.dropCount, count);
  writer.join();
}

function writeLocality(writer: BinaryWriter, load: LocalityLoad): void {
  writer.tag(N.locality, WireType.LengthDelimited).fork();
  writePlace(writer, load.locality);
  writer.join();
  writeCounts(writer, load, N.ofLocality);
  if (load.connections !== null) {
    number(writer, N.localityActive, load.connections.active);
    number(writer, N.localityOpened, load.connections.opened);
    number(writer, N.localityFailed, load.connections.failed);
  }
  for (const endpoint of load.endpoints) {
    writer.tag(N.localityEndpoints, WireType.LengthDelimited).fork();
    writeEndpoint(writer, endpoint);
    writer.join();
  }
  number(writer, N.localityPriority, load.priority);
}

function writePlace(writer: BinaryWriter, { region, zone, subZone }: LocalityPlan): void {
  text(writer, N.region, region);
  text(writer, N.zone, zone);
  text(writer, N.subZone, subZone);
}

function writeEndpoint(writer: BinaryWriter, load: EndpointLoad): void {
  writer.tag(N.endpointAddress, WireType.LengthDelimited).fork();
  writeAddress(writer, load.address);
  writer.join();
  writeCounts(writer, load, N.ofEndpoint);
}

function writeAddress(writer: BinaryWriter, address: AddressPlan): void {
  if (address.kind === "pipe") {
    writer.tag(N.pipe, WireType.LengthDelimited).fork();
    text(writer, N.pipePath, address.path);
  } else {
    writer.tag(N.socket, WireType.LengthDelimited).fork();
    text(writer, N.socketAddress, address.host);
    writer.tag(N.socketPort, WireType.Varint).uint32(address.port);
  }
  writer.join();
}

function writeCounts(writer: BinaryWriter, load: LoadCounts, at: typeof N.ofLocality): void {
  number(writer, at.success, load.success);
  number(writer, at.inProgress, load.inProgress);
  number(writer, at.error, load.error);
  number(writer, at.issued, load.issued);
}

function text(writer: BinaryWriter, at: number, value: string): void {
  if (value !== "") writer.tag(at, WireType.LengthDelimited).string(value);
}

function number(writer: BinaryWriter, at: number, value: number): void {
  if (value !== 0) writer.tag(at, WireType.Varint).uint64(value);
}

/** Of the node's metadata: a server that knows them counts a report that comes twice once. */
const INSTANCE = "starling.instance";
const SEQUENCE = "starling.sequence";
/** Of a mesh: who counted what. */
const NODES = "starling.nodes";
/** The second: responses after the first acknowledge reports in order. */
const FEATURES = ["envoy.lrs.supports_send_all_clusters", "starling.lrs.ack.v1"];

const NODE = "envoy.config.core.v3.Node";
const LOCALITY = "envoy.config.core.v3.Locality";
const SECONDS = 1;
const NANOS = 2;

const REQUEST = "envoy.service.load_stats.v3.LoadStatsRequest";
const RESPONSE = "envoy.service.load_stats.v3.LoadStatsResponse";
const CLUSTER = "envoy.config.endpoint.v3.ClusterStats";
const DROPPED = "envoy.config.endpoint.v3.ClusterStats.DroppedRequests";
const OF_LOCALITY = "envoy.config.endpoint.v3.UpstreamLocalityStats";
const OF_ENDPOINT = "envoy.config.endpoint.v3.UpstreamEndpointStats";
const ADDRESS = "envoy.config.core.v3.Address";
const SOCKET = "envoy.config.core.v3.SocketAddress";

function countNumbers(type: string) {
  return {
    success: fieldNumber(type, "total_successful_requests"),
    inProgress: fieldNumber(type, "total_requests_in_progress"),
    error: fieldNumber(type, "total_error_requests"),
    issued: fieldNumber(type, "total_issued_requests"),
  };
}

/** Numbers of fields. */
const N = {
  requestNode: fieldNumber(REQUEST, "node"),
  requestClusters: fieldNumber(REQUEST, "cluster_stats"),
  askClusters: fieldNumber(RESPONSE, "clusters"),
  askAll: fieldNumber(RESPONSE, "send_all_clusters"),
  askInterval: fieldNumber(RESPONSE, "load_reporting_interval"),
  askEndpoints: fieldNumber(RESPONSE, "report_endpoint_granularity"),
  clusterName: fieldNumber(CLUSTER, "cluster_name"),
  clusterService: fieldNumber(CLUSTER, "cluster_service_name"),
  clusterLocalities: fieldNumber(CLUSTER, "upstream_locality_stats"),
  clusterDropped: fieldNumber(CLUSTER, "total_dropped_requests"),
  clusterDrops: fieldNumber(CLUSTER, "dropped_requests"),
  clusterInterval: fieldNumber(CLUSTER, "load_report_interval"),
  dropCategory: fieldNumber(DROPPED, "category"),
  dropCount: fieldNumber(DROPPED, "dropped_count"),
  locality: fieldNumber(OF_LOCALITY, "locality"),
  localityEndpoints: fieldNumber(OF_LOCALITY, "upstream_endpoint_stats"),
  localityPriority: fieldNumber(OF_LOCALITY, "priority"),
  localityActive: fieldNumber(OF_LOCALITY, "total_active_connections"),
  localityOpened: fieldNumber(OF_LOCALITY, "total_new_connections"),
  localityFailed: fieldNumber(OF_LOCALITY, "total_fail_connections"),
  ofLocality: countNumbers(OF_LOCALITY),
  ofEndpoint: countNumbers(OF_ENDPOINT),
  region: fieldNumber(LOCALITY, "region"),
  zone: fieldNumber(LOCALITY, "zone"),
  subZone: fieldNumber(LOCALITY, "sub_zone"),
  endpointAddress: fieldNumber(OF_ENDPOINT, "address"),
  socket: fieldNumber(ADDRESS, "socket_address"),
  socketAddress: fieldNumber(SOCKET, "address"),
  socketPort: fieldNumber(SOCKET, "port_value"),
  pipe: fieldNumber(ADDRESS, "pipe"),
  pipePath: fieldNumber("envoy.config.core.v3.Pipe", "path"),
};
