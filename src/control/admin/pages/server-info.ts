// /server_info, /ready, /hot_restart_version, /memory, /certs, /init_dump, /contention: what this process is and how it is.
import { X509Certificate } from "node:crypto";
import { daysLeft, tlsContextsOf } from "../certificates.ts";
import { nodeJson, userAgent, versionText } from "../identity.ts";
import { jsonAnswer, type Page, showing, textAnswer } from "../page.ts";

/** Envoy's hot restart version: documents show it, nothing here restarts hot. */
const HOT_RESTART_VERSION = "11.104";

/** /ready: the state, then reasons and remarks on lines of their own; 503 unless LIVE. */
export const readyPage: Page = showing(
  "/ready",
  "print server state, return 200 if LIVE, otherwise return 503",
  ({ view }) => {
    const { state, reasons, remarks } = view.readiness();
    return textAnswer(`${[state, ...reasons, ...remarks].join("\n")}\n`, state === "LIVE" ? 200 : 503);
  },
);

/** /server_info */
export const serverInfoPage: Page = showing("/server_info", "print server version/status information", ({ view }) => {
  const uptime = `${Math.floor(view.uptimeMs() / 1000)}s`;
  const { options } = view;
  return jsonAnswer({
    version: versionText(view.version),
    state: view.readiness().state,
    uptime_current_epoch: uptime,
    uptime_all_epochs: uptime,
    hot_restart_version: HOT_RESTART_VERSION,
    command_line_options: {
      base_id: String(options.baseId),
      concurrency: options.concurrency,
      config_path: options.configPath,
      config_yaml: options.configYaml,
      allow_unknown_static_fields: options.allowUnknownStaticFields,
      reject_unknown_dynamic_fields: options.rejectUnknownDynamicFields,
      ignore_unknown_dynamic_fields: options.ignoreUnknownDynamicFields,
      admin_address_path: options.adminAddressPath,
      local_address_ip_version: options.localAddressIpVersion,
      log_level: options.logLevel,
      component_log_level: options.componentLogLevel,
      log_format: options.logFormat || "[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v",
      log_format_escaped: options.logFormatEscaped,
      log_path: options.logPath,
      service_cluster: options.serviceCluster,
      service_node: options.serviceNode,
      service_zone: options.serviceZone,
      file_flush_interval: `${options.logFlush.flushIntervalMs / 1_000}s`,
      file_flush_min_size: 0,
      drain_time: `${options.drainTimeS}s`,
      drain_strategy: options.drainStrategy === "gradual" ? "Gradual" : "Immediate",
      parent_shutdown_time: `${options.parentShutdownTimeS}s`,
      mode: "Serve",
      disable_hot_restart: options.disableHotRestart,
      restart_epoch: options.restartEpoch,
      use_dynamic_base_id: false,
      base_id_path: "",
      enable_mutex_tracing: false,
      cpuset_threads: false,
      disabled_extensions: [],
      enable_fine_grain_logging: false,
      socket_path: "@envoy_domain_socket",
      socket_mode: 0,
      enable_core_dump: false,
      stats_tag: options.statsTags,
      skip_hot_restart_on_no_parent: false,
      skip_hot_restart_parent_stats: false,
      skip_deprecated_logs: false,
      log_stacktrace_single_entry: false,
    },
    node: {
      ...nodeJson(view),
      ...userAgent(view.version, true),
      extensions: [],
      client_features: [],
      listening_addresses: [],
      dynamic_parameters: {},
    },
    hot_restart_initializing: false,
  });
});

/** /hot_restart_version */
export const hotRestartPage: Page = showing("/hot_restart_version", "print the hot restart compatibility version", () =>
  textAnswer(HOT_RESTART_VERSION),
);

/** /memory: V8's heap and the process, as texts as Envoy prints them. */
export const memoryPage: Page = showing("/memory", "print current allocation/heap usage", () => {
  const { heapUsed, heapTotal, rss, external, arrayBuffers } = process.memoryUsage();
  return jsonAnswer({
    allocated: String(heapUsed + external),
    heap_size: String(heapTotal + external),
    pageheap_unmapped: "0",
    pageheap_free: String(Math.max(0, heapTotal - heapUsed)),
    total_thread_cache: String(arrayBuffers),
    total_physical_bytes: String(rss),
  });
});

/** /certs: every certificate that listeners and clusters show, and the authorities they trust. */
export const certsPage: Page = showing("/certs", "print certs on machine", ({ view }) => {
  const nowMs = view.startedWallMs + view.uptimeMs();
  const certificates = tlsContextsOf(view.plan()).map(({ certificates: chains, trustedCaPem }) => ({
    ca_cert: trustedCaPem === "" ? [] : [certificateJson(trustedCaPem, "<inline>", nowMs)],
    cert_chain: chains.map((one) => certificateJson(one.chainPem, one.source, nowMs)),
  }));
  return jsonAnswer(certificates.length === 0 ? {} : { certificates });
});

/**
 * /init_dump: what the start still waits for. As Envoy's, under the init manager of each listener that waits (without the hash of the
 * listener that Envoy adds), and with our reasons, which Envoy does not give for clusters.
 */
export const initDumpPage: Page = showing(
  "/init_dump",
  "dump current Envoy init manager information (experimental)",
  ({ view }) => {
    const { state, reasons } = view.readiness();
    if (state === "LIVE" || state === "DRAINING") return jsonAnswer({});
    const dumps = view.plan().listeners.map(({ name }) => ({
      name: `init manager Listener-local-init-manager ${name}`,
      target_names: reasons,
    }));
    return jsonAnswer(dumps.length === 0 ? {} : { unready_targets_dumps: dumps });
  },
  {
    mask: "The desired component to dump unready targets. The mask is parsed as a Protobuf::FieldMask. For example, get the unready targets of all listeners with /init_dump?mask=listener`",
  },
);

/** /contention */
export const contentionPage: Page = showing(
  "/contention",
  "dump current Envoy mutex contention stats (if enabled)",
  () => textAnswer("Mutex contention tracing is not enabled. To enable, run Envoy with flag --enable-mutex-tracing."),
);

function certificateJson(pem: string, source: string, nowMs: number): unknown {
  const certificate = new X509Certificate(pem);
  const names = certificate.subjectAltName?.split(", ") ?? [];
  return {
    path: source,
    serial_number: certificate.serialNumber.toLowerCase(),
    subject_alt_names: names.map((name) =>
      name.startsWith("URI:")
        ? { uri: name.slice(4) }
        : name.startsWith("IP Address:")
          ? { ip_address: name.slice(11) }
          : { dns: name.replace(/^DNS:/, "") },
    ),
    days_until_expiration: String(daysLeft(certificate.validToDate.getTime(), nowMs)),
    valid_from: secondsTime(certificate.validFromDate),
    expiration_time: secondsTime(certificate.validToDate),
  };
}

function secondsTime(date: { toISOString(): string }): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}
