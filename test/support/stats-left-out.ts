// Statistics that Envoy 1.40 has for the front proxy of the document and Starling does not give, by reason: what cannot be counted
// truly is left out instead of shown as 0. Tests hold these patterns to what is really missing.

/** Why names are left out. */
export const LEFT_OUT: Readonly<Record<string, RegExp>> = {
  "the admin server speaks cleartext HTTP/1.1 only":
    /^http\.admin\.downstream_((cx|rq)_(http2|http3|ssl|upgrades)_|rq_ws_on_non_ws_route$)/,
  "the admin server has no such limit, timeout, drain or overload action":
    /^(http|listener)\.admin\.(downstream_(cx|rq|global_cx)_(max_\w+_reached|overload\w*|drain_close|http1_soft_drain|delayed_close_timeout|header_timeout|timeout|overflow|too_large|transport_socket_connect_timeout)|downstream_rq_idle_timeout|rs_too_large)$/,
  "node:http keeps its buffers to itself":
    /^http\.admin\.downstream_(cx_[rt]x_bytes_buffered|flow_control_\w+|rq_too_many_premature_resets)$/,
  "the admin server has no routes or filters that could fail so":
    /^(http|listener)\.admin\.(downstream_(rq_\w*path(_normalization)?|rq_rejected_via_ip_detection|rq_response_before_rq_complete|rq_tx_reset|listener_filter_\w+|pre_cx_\w+)|no_filter_chain_match)$/,
  "Node accepts connections one by one": /\.connections_accepted_per_socket_event$/,
  "there is no client inside the proxy whose calls a router would carry": /^http\.async-client\./,
  "HTTP/1 METADATA and response floods are nghttp2's and Envoy's codec's own":
    /(^|\.)http1\.(metadata_not_supported_error|response_flood)$/,
  "upstream HTTP/1 codecs meet no header with an underscore as a rule":
    /^cluster\..*\.http1\.\w+_underscores(_in_headers)?$/,
  "a histogram of connections that have ended appears with the first that has": /\.upstream_(cx_length_ms|rq_per_cx)$/,
  "transport sockets are not chosen by an endpoint's metadata": /^cluster\..*\.default\.total_match_count$/,
  "no 0-RTT, which is HTTP/3's": /\.upstream_rq_0rtt$/,
  "queues of the HTTP/2 codec are bounded and not counted":
    /^http2\.(cookie\w*|deferred_stream_close|header_count|header_list_size\w*|headers_cb_no_stream|metadata_empty_frames|oghttp2_\w+|outbound_control_frames_active|outbound_flood|outbound_frames_active|pending_send_bytes)$/,
  "no SDS": /\.server_ssl_socket_factory\./,
  "Node does not tell the group of a handshake": /\.ssl\.curves\./,
  "certificates are counted together in server.days_until_first_cert_expiring": /\.ssl\.certificate\./,
  "updates are not merged over a window":
    /^cluster_manager\.(cluster_updated_via_merge|update_merge_cancelled|update_out_of_merge_window)$/,
  "names are not looked up by c-ares channels that could be counted": /^dns\.cares\./,
  "no overload manager": /^(overload|envoy\.overload_actions)\./,
  "a listener is never changed in place or pinned to a worker":
    /^listener_manager\.(listener_in_place_updated|total_filter_chains_draining|total_listeners_draining|total_listeners_warming|workers_pinned)$/,
  "no watchdog thread: a worker that dies is restarted": /(^|\.)watchdog_(mega_)?miss$/,
  "no feature is deprecated by a runtime key": /^runtime\.deprecated_feature_\w+$/,
  "no hot restart, stats sinks, OCSP or wire messages of unknown version; bugs are in the log":
    /^server\.(debug_assertion_failures|dropped_stat_flushes|dynamic_unknown_fields|envoy_bug_failures|envoy_notifications|hot_restart_generation|parent_connections|seconds_until_first_ocsp_response_expiring|static_unknown_fields|stats_recent_lookups|wip_protos)$/,
  "the version is a text here, in /server_info, not a commit's first bytes": /^server\.version$/,
  "every worker has every cluster at once": /^thread_local_cluster_manager\./,
};
