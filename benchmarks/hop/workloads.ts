// What is measured: each row's load, upstream and how its configuration differs.

/** One row of the table. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly protocol: "http1" | "http2";
  readonly tls: boolean;
  /** Whether the proxies read the messages or pass their bytes on. */
  readonly mode: "http" | "tcp";
  readonly upstream: "http1" | "http2";
  /** Small answers come from HAProxy, 1 MiB ones from nginx, gRPC ones from grpc-backend.ts. */
  readonly size: "small" | "large" | "grpc";
  /** Messages in an answer, each in a DATA frame of its own: figures are per message. 1: an answer as a whole counts. */
  readonly messages: number;
  readonly connections: number;
  readonly streams: number;
  readonly workers: 1 | 2;
  /** Share of the lower saturated rate of Starling and Envoy in row h1; 0: as fast as it goes. */
  readonly rateShare: number;
  /** What the row is about: CPU a request, latency, or memory of a connection that asked once and stays. */
  readonly figure: "cpu" | "p99" | "memory";
  readonly peers: readonly PeerName[];
  /** What the bars compare with: a peer in the same run, or Starling's own row of this name. */
  readonly against: "envoy" | "haproxy" | "h1" | "nothing";
  /** Bars as ratios of the figure to that; in KiB where the figure is memory. 1.25 × the CPU is 0.8 × the throughput of a core. */
  readonly must: number | null;
  readonly aim: number | null;
}

/** The measured proxies. */
export type PeerName = "starling" | "envoy" | "nginx" | "haproxy" | "node-http" | "http2-proxy";

const small = {
  size: "small",
  workers: 1,
  rateShare: 0,
  figure: "cpu",
  against: "envoy",
  mode: "http",
  messages: 1,
} as const;
const large = { ...small, size: "large", tls: false } as const;
const idle = {
  ...small,
  figure: "memory",
  against: "nothing",
  protocol: "http1",
  upstream: "http1",
  streams: 1,
} as const;
const tcp = {
  ...small,
  mode: "tcp",
  protocol: "http1",
  tls: false,
  upstream: "http1",
  streams: 1,
  against: "haproxy",
  peers: ["starling", "envoy", "haproxy"],
} as const;
const ALL = ["starling", "envoy", "nginx", "haproxy", "node-http", "http2-proxy"] as const;

/** All rows, in the order of the table. */
export const WORKLOADS: readonly Workload[] = [
  {
    ...small,
    name: "h1",
    title: "HTTP/1.1 → HTTP/1.1, 64 connections",
    protocol: "http1",
    tls: false,
    upstream: "http1",
    connections: 64,
    streams: 1,
    peers: ALL,
    must: 0.75,
    aim: 0.55,
  },
  {
    ...small,
    name: "h2c",
    title: "h2c → h2c, 16 × 16 streams",
    protocol: "http2",
    tls: false,
    upstream: "http2",
    connections: 16,
    streams: 16,
    peers: ["starling", "envoy", "haproxy"],
    must: 0.7,
    aim: 0.35,
  },
  {
    ...small,
    size: "grpc",
    name: "grpc",
    title: "gRPC unary, 16 × 16 streams",
    protocol: "http2",
    tls: false,
    upstream: "http2",
    connections: 16,
    streams: 16,
    peers: ["starling", "envoy", "haproxy"],
    must: 0.7,
    aim: 0.35,
  },
  {
    ...small,
    size: "grpc",
    name: "grpc-stream",
    title: "gRPC messages of one stream",
    messages: 10_000,
    protocol: "http2",
    tls: false,
    upstream: "http2",
    connections: 1,
    streams: 1,
    peers: ["starling", "envoy", "haproxy"],
    // 0.9 × the messages of a core.
    must: 1.11,
    aim: 0.7,
  },
  {
    ...small,
    name: "tls-h1",
    title: "TLS HTTP/1.1 → HTTP/1.1, 64 connections",
    protocol: "http1",
    tls: true,
    upstream: "http1",
    connections: 64,
    streams: 1,
    peers: ALL,
    must: 0.9,
    aim: 0.65,
  },
  {
    ...small,
    name: "tls-h2",
    title: "TLS h2 → HTTP/1.1, 16 × 16 streams",
    protocol: "http2",
    tls: true,
    upstream: "http1",
    connections: 16,
    streams: 16,
    peers: ["starling", "envoy", "nginx", "haproxy", "http2-proxy"],
    must: 0.9,
    aim: 0.5,
  },
  {
    ...large,
    name: "large-h1",
    title: "1 MiB over HTTP/1.1, 8 connections",
    protocol: "http1",
    upstream: "http1",
    connections: 8,
    streams: 1,
    peers: ALL,
    must: 1.1,
    aim: 0.9,
  },
  {
    ...large,
    name: "large-h2",
    title: "1 MiB over h2c, 4 × 2 streams",
    protocol: "http2",
    upstream: "http2",
    connections: 4,
    streams: 2,
    peers: ["starling", "envoy", "haproxy"],
    must: 1.4,
    aim: 1,
  },
  {
    ...tcp,
    name: "tcp",
    title: "TCP proxy, 1 MiB messages, 8 connections",
    size: "large",
    connections: 8,
    must: 1.25,
    aim: 1,
  },
  {
    ...tcp,
    name: "tcp-small",
    title: "TCP proxy, small messages, 64 connections",
    connections: 64,
    must: null,
    aim: null,
  },
  {
    ...small,
    name: "h1-half",
    title: "HTTP/1.1 at half rate: p99",
    protocol: "http1",
    tls: false,
    upstream: "http1",
    connections: 64,
    streams: 1,
    rateShare: 0.5,
    figure: "p99",
    peers: ["starling", "envoy"],
    must: 1,
    aim: 0.8,
  },
  {
    ...small,
    name: "h1-two",
    title: "HTTP/1.1, two workers, 128 connections",
    protocol: "http1",
    tls: false,
    upstream: "http1",
    connections: 128,
    streams: 1,
    workers: 2,
    peers: ["starling", "envoy"],
    against: "h1",
    must: 1.1,
    aim: 1,
  },
  {
    ...idle,
    name: "idle",
    title: "Memory of an idle HTTP/1.1 connection, of 5,000",
    tls: false,
    connections: 5_000,
    peers: ["starling", "envoy", "nginx", "haproxy", "node-http"],
    must: 12,
    aim: 7,
  },
  {
    ...idle,
    name: "tls-idle",
    title: "The same over TLS, of 2,000",
    tls: true,
    connections: 2_000,
    peers: ["starling", "envoy", "nginx", "haproxy", "node-http"],
    must: null,
    aim: null,
  },
];
