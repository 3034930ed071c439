// The HTTP filters that only Starling has, in .proto notation. later.ts has it read with what Envoy's files lack. Data only.

/** One text per package. */
export const filterTypes: readonly string[] = [
  `package starling.filters.http.module.v1;
  message Module {
    string file = 1 [(validate.rules).string = {min_len: 1}];
    google.protobuf.Struct config = 2;
  }
  message ModulePerRoute { google.protobuf.Struct config = 1; }`,
];
