// Starling's own options in .proto notation: the typed extension that a file names in bootstrap_extensions. later.ts has them read
// with what Envoy's files lack. Data only.

/** One text per package. */
export const meshTypes: readonly string[] = [
  `package starling.mesh.v1;
  message Mesh {
    repeated string servers = 1;
    string name = 2;
    string node = 3;
    repeated string roles = 4;
    envoy.config.core.v3.DataSource credentials = 5 [(udpa.annotations.sensitive) = true];
    envoy.config.core.v3.DataSource nkey = 6 [(udpa.annotations.sensitive) = true];
    envoy.config.core.v3.DataSource trusted_ca = 7;
    envoy.config.core.v3.DataSource certificate_chain = 8;
    envoy.config.core.v3.DataSource private_key = 9 [(udpa.annotations.sensitive) = true];
  }`,
];
