// The table of rooms: what each may import and which packages it may use. The README's map says the same in words.

/** One room of src/. */
export interface Room {
  readonly name: string;
  /** Rooms, or sub-rooms as `room/sub`, that it may import. */
  readonly mayImport: readonly string[];
  /** Packages and Node modules it may use at run time; types are free. */
  readonly mayUse: readonly string[];
}

/** From the ground up. */
export const ROOMS: readonly Room[] = [
  {
    name: "base",
    mayImport: [],
    mayUse: ["node:buffer", "node:url", "node:path", "node:fs", "node:os", "node:crypto", "node:module"],
  },
  { name: "actor", mayImport: ["base"], mayUse: ["node:worker_threads", "piscina"] },
  { name: "protocol", mayImport: ["base"], mayUse: [] },
  {
    name: "config",
    mayImport: ["base"],
    mayUse: [
      "yaml",
      "@bufbuild/protobuf",
      "protobufjs",
      "re2js",
      "node:fs",
      "node:path",
      "node:crypto",
      "node:url",
      "node:v8",
      "node:module",
      "node:worker_threads",
    ],
  },
  { name: "messages", mayImport: ["base", "config/plan", "telemetry"], mayUse: ["node:worker_threads"] },
  {
    name: "net",
    mayImport: ["base", "config/plan", "protocol"],
    mayUse: ["node:net", "node:tls", "node:dns", "node:fs", "node:crypto", "node:stream"],
  },
  {
    name: "telemetry",
    mayImport: ["base", "config/plan"],
    mayUse: ["node:fs", "@opentelemetry/api", "@opentelemetry/sdk-node"],
  },
  {
    name: "dataplane",
    mayImport: ["base", "protocol", "config/plan", "net", "telemetry"],
    mayUse: ["node:crypto", "xxhash-wasm"],
  },
  {
    name: "control",
    mayImport: ["base", "actor", "messages", "config", "protocol", "net", "telemetry"],
    mayUse: [
      "@bufbuild/protobuf",
      "@grpc/grpc-js",
      "@nats-io/transport-node",
      "http2-proxy",
      "@bufbuild/protobuf",
      "node:http",
      "node:fs",
      "node:os",
      "node:path",
      "node:crypto",
      "node:net",
      "node:worker_threads",
      "node:zlib",
    ],
  },
  {
    name: "supervisor",
    mayImport: ["base", "actor", "messages", "config", "protocol", "net", "telemetry", "control"],
    mayUse: [
      "piscina",
      "node:worker_threads",
      "node:crypto",
      "node:fs",
      "node:os",
      "node:path",
      "node:process",
      "node:child_process",
      "node:url",
      "node:http",
    ],
  },
];

/** The only place where an inbox meets the data path. */
export const MEETING_PLACE = "workers/listener.ts";
