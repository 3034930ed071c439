// Counters and gauges of Envoy that Starling does not show, with the reason. Nothing stands in /stats that can never move: what a part
// of Envoy counts that Starling does not have is left out, or stands here although dashboards find its zeros.

/** A group of names. */
export interface LackingStats {
  readonly names: RegExp;
  readonly why: string;
}

/** All of them. */
export const LACKING_STATS: readonly LackingStats[] = [
  { names: /\.lb_subsets_/, why: "no subset load balancer" },
  { names: /\.lb_(.*zone_|local_cluster)/, why: "no zone-aware routing" },
  { names: /\.tracing\./, why: "no tracing" },
  { names: /ocsp/, why: "no OCSP stapling" },
  { names: /http3|_0_?rtt/, why: "no HTTP/3" },
  { names: /sds|secrets/, why: "no secret discovery" },
  { names: /assignment_/, why: "no EDS" },
  { names: /original_dst/, why: "no original destination clusters" },
  { names: /worker_\d+\./, why: "a listener's connections are not told apart by worker" },
  {
    names: /ssl\.(curves|sigalgs|certificate)/,
    why: "Node does not tell the curve or signature of a handshake; certificate expiry is on /certs",
  },
  {
    names: /http1\.(metadata_not_supported_error|response_flood)/,
    why: "no METADATA frames; one answer of an HTTP/1 connection is under way at a time, so none pile up",
  },
  {
    names: /^cluster\.[^.]+\.http1\./,
    why: "names of answers are not judged (nor by Envoy, whose zeros these are)",
  },
  {
    names:
      /http2\.(cookies_total_bytes_too_large|header_list_size_too_large|headers_cb_no_stream|metadata_empty_frames|oghttp2_.*)/,
    why: "nghttp2's and oghttp2's own callbacks; heads over a limit are header_overflow here",
  },
  {
    names:
      /http2\.(outbound_flood|outbound_frames_active|outbound_control_frames_active|pending_send_bytes|deferred_stream_close)/,
    why: "frames are not queued one by one: DATA waits in its stream, control frames are limited by outbound_control_flood",
  },
  {
    names: /^tcp\..*(early_data|route_delayed|overload_close|bytes_buffered)/,
    why: "a TCP proxy's upstream is connected at once, there is no overload manager, and buffered bytes are not told by proxy",
  },
  {
    names: /default\.total_match_count/,
    why: "Envoy counts how often it made an endpoint's transport socket; there is one socket kind a cluster here",
  },
];

/** Whether a name is one of them. */
export function isLacking(name: string): boolean {
  return LACKING_STATS.some(({ names }) => names.test(name));
}
