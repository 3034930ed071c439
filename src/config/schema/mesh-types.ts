// Starling's own options in .proto notation: the typed extension that a file names in bootstrap_extensions. later.ts has them read
// with what Envoy's files lack. Data only.

/** One text per package. */
export const meshTypes: readonly string[] = [
  `package starling.mesh.v1;
  message RuntimeLayer {
    string name = 1 [(validate.rules).string = {max_bytes: 255}];
    string after = 2 [(validate.rules).string = {max_bytes: 255}];
  }
  message Mesh {
    repeated string servers = 1;
    string name = 2;
    string node = 3;
    repeated string roles = 4;
    string nkey_file = 5;
    string credentials_file = 6;
    string ca_file = 7;
    string cert_file = 8;
    string key_file = 9;
    string eds_listen = 11;
    google.protobuf.UInt32Value owners = 12 [(validate.rules).uint32 = {gte: 1 lte: 16}];
    bool flap_damping = 13;
    string eds_cert_file = 14;
    string eds_key_file = 15;
    string eds_ca_file = 16;
    string load = 17;
    RuntimeLayer runtime_layer = 18;
  }`,
];
