// Announced endpoints in .proto notation: the cluster type that takes them, and what a node announces. later.ts has them read with what
// Envoy's files lack. Data only.

/** One text per package. */
export const announceTypes: readonly string[] = [
  `package starling.mesh.v1;
  message MeshCluster { string service_name = 1 [(validate.rules).string = {min_len: 1 max_bytes: 255}]; }`,
];
