// Announced endpoints in .proto notation: the cluster type that takes them, and what a node announces. later.ts has them read with what
// Envoy's files lack. Data only.

/** One text per package. */
export const announceTypes: readonly string[] = [
  `package starling.mesh.v1;
  message MeshCluster { string service_name = 1 [(validate.rules).string = {min_len: 1 max_bytes: 255}]; }
  message Announcement {
    string service_name = 1 [(validate.rules).string = {min_len: 1 max_bytes: 255}];
    string address = 2 [(validate.rules).string = {min_len: 1}];
    uint32 port = 3 [(validate.rules).uint32 = {gte: 1 lte: 65535}];
    envoy.config.core.v3.Locality locality = 4;
    google.protobuf.UInt32Value weight = 5 [(validate.rules).uint32 = {gte: 1 lte: 65535}];
    envoy.config.core.v3.Metadata metadata = 6;
  }
  message Mesh { repeated Announcement announce = 10; }`,
];
