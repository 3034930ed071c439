// One cluster's ClusterStats from its bytes. Called by read-message.ts.
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { FieldReader, type FieldVisit, readCount, shortText } from "./field-reader.ts";
import type { ReportedCluster, ReportedCounts, ReportedEndpoint, ReportedLocality } from "./load-report.ts";

/** Reads clusters; throws on bytes that are none. */
export function clusterReader(): (bytes: Uint8Array) => ReportedCluster {
  const fields = clusterFields();
  return (bytes) => fields.read(bytes, emptyCluster());
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface MutableCluster extends Mutable<ReportedCluster> {
  localities: ReportedLocality[];
  dropped: { category: string; count: number }[];
}

function clusterFields(): FieldReader<MutableCluster> {
  const locality = localityReader();
  const dropped = new FieldReader<{ category: string; count: number }>(
    "envoy.config.endpoint.v3.ClusterStats.DroppedRequests",
    {
      category: (target, reader) => {
        target.category = shortText(reader);
      },
      dropped_count: (target, reader) => {
        target.count = readCount(reader);
      },
    },
  );
  return new FieldReader<MutableCluster>("envoy.config.endpoint.v3.ClusterStats", {
    cluster_name: (target, reader) => {
      target.cluster = reader.string();
    },
    cluster_service_name: (target, reader) => {
      target.service = shortText(reader);
    },
    upstream_locality_stats: (target, reader) => {
      target.localities.push(locality.readField(reader, emptyLocality()));
    },
    total_dropped_requests: (target, reader) => {
      target.droppedTotal = readCount(reader);
    },
    dropped_requests: (target, reader) => {
      target.dropped.push(dropped.readField(reader, { category: "", count: 0 }));
    },
    load_report_interval: (target, reader) => {
      target.intervalMs = readDuration(reader.bytes());
    },
  });
}

interface MutableLocality extends Mutable<Omit<ReportedLocality, "counts">> {
  readonly counts: Mutable<ReportedCounts>;
  endpoints: ReportedEndpoint[];
}

function localityReader(): FieldReader<MutableLocality> {
  const names = new FieldReader<MutableLocality>("envoy.config.core.v3.Locality", {
    region: (target, reader) => {
      target.region = shortText(reader);
    },
    zone: (target, reader) => {
      target.zone = shortText(reader);
    },
    sub_zone: (target, reader) => {
      target.subZone = shortText(reader);
    },
  });
  const endpoint = endpointReader();
  return new FieldReader<MutableLocality>("envoy.config.endpoint.v3.UpstreamLocalityStats", {
    locality: (target, reader) => void names.readField(reader, target),
    priority: (target, reader) => {
      target.priority = reader.uint32();
    },
    upstream_endpoint_stats: (target, reader) => {
      target.endpoints.push(endpoint.readField(reader, { address: "", counts: emptyCounts() }));
    },
    ...REQUEST_COUNTS,
    total_active_connections: ({ counts }, reader) => {
      counts.cxActive = readCount(reader);
    },
    total_new_connections: ({ counts }, reader) => {
      counts.cxTotal = readCount(reader);
    },
    total_fail_connections: ({ counts }, reader) => {
      counts.cxFailed = readCount(reader);
    },
  });
}

type MutableEndpoint = { address: string; readonly counts: Mutable<ReportedCounts> };

function endpointReader(): FieldReader<MutableEndpoint> {
  const socket = new FieldReader<{ host: string; port: number }>("envoy.config.core.v3.SocketAddress", {
    address: (target, reader) => {
      target.host = shortText(reader);
    },
    port_value: (target, reader) => {
      target.port = reader.uint32();
    },
  });
  const address = new FieldReader<{ address: string }>("envoy.config.core.v3.Address", {
    socket_address: (target, reader) => {
      const { host, port } = socket.readField(reader, { host: "", port: 0 });
      target.address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    },
    pipe: (target, reader) => void pipe.readField(reader, target),
  });
  const pipe = new FieldReader<{ address: string }>("envoy.config.core.v3.Pipe", {
    path: (target, reader) => {
      target.address = shortText(reader);
    },
  });
  return new FieldReader<MutableEndpoint>("envoy.config.endpoint.v3.UpstreamEndpointStats", {
    address: (target, reader) => void address.readField(reader, target),
    ...REQUEST_COUNTS,
  });
}

/** Seconds are field 1 of a Duration, nanoseconds field 2. */
function readDuration(bytes: Uint8Array): number {
  const reader = new BinaryReader(bytes);
  let ms = 0;
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 1 && wire === WireType.Varint) ms += Number(reader.int64()) * 1_000;
    else if (number === 2 && wire === WireType.Varint) ms += reader.int32() / 1e6;
    else reader.skip(wire, number);
  }
  return ms;
}

function emptyCluster(): MutableCluster {
  return { cluster: "", service: "", localities: [], droppedTotal: 0, dropped: [], intervalMs: 0 };
}

function emptyLocality(): MutableLocality {
  return { region: "", zone: "", subZone: "", priority: 0, counts: emptyCounts(), endpoints: [] };
}

function emptyCounts(): Mutable<ReportedCounts> {
  return { success: 0, error: 0, issued: 0, active: 0, cxTotal: 0, cxFailed: 0, cxActive: 0 };
}

const REQUEST_COUNTS: Readonly<Record<string, FieldVisit<{ readonly counts: Mutable<ReportedCounts> }>>> = {
  total_successful_requests: ({ counts }, reader) => {
    counts.success = readCount(reader);
  },
  total_error_requests: ({ counts }, reader) => {
    counts.error = readCount(reader);
  },
  total_issued_requests: ({ counts }, reader) => {
    counts.issued = readCount(reader);
  },
  total_requests_in_progress: ({ counts }, reader) => {
    counts.active = readCount(reader);
  },
};
