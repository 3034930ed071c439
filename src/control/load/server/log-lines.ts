// The log of a server of load reports: the document's lines, or each event as JSON. Called by lrs-actor.ts's owner.
import { formatTime, isoTime } from "../../../base/iso-time.ts";
import type { LoadAskPlan } from "../../../config/plan/lrs-server.ts";
import { printable } from "../../mesh/events/read-event.ts";
import { LINE_MAX } from "./limits.ts";
import type { LrsEvent } from "./lrs-events.ts";
import { protoText } from "./proto-text.ts";
import { clusterJson } from "./report-json.ts";

/** `text`: as the document shows them; `json`: one object a line. */
export type LogForm = "text" | "json";

/** The line of an event, without its end. */
export function logLine(event: LrsEvent, wallMs: number, form: LogForm): string {
  if (form === "json") return JSON.stringify({ time: isoTime(wallMs), ...jsonOf(event) });
  const line = `${formatTime(wallMs, "%Y/%m/%d %H:%M:%S")} ${textOf(event)}`;
  return line.length > LINE_MAX ? `${line.slice(0, LINE_MAX)}…` : line;
}

function textOf(event: LrsEvent): string {
  switch (event.type) {
    case "listening":
      return `LRS Server is up and running on ${event.address}`;
    case "node-added":
      return printable(
        event.isFirst
          ? `Adding new cluster to cache \`${event.cluster}\` with node \`${event.node}\``
          : `Adding new node \`${event.node}\` to existing cluster \`${event.cluster}\``,
      );
    case "asked": {
      const { cluster, node, ask } = event;
      return printable(
        `Creating LRS response for cluster ${cluster}, node ${node} with frequency ${ask.intervalMs / 1_000} secs`,
      );
    }
    case "stats": {
      const whose = printable(`cluster \`${event.cluster}\` node \`${event.node}\``);
      return `Got stats from ${whose} - ${protoText("envoy.config.endpoint.v3.ClusterStats", event.raw, LINE_MAX)}`;
    }
    case "note":
      return printable(event.text);
  }
}

function jsonOf(event: LrsEvent): Readonly<Record<string, unknown>> {
  switch (event.type) {
    case "listening":
      return { event: event.type, address: event.address };
    case "node-added":
      return { event: event.type, node: { id: event.node, cluster: event.cluster } };
    case "asked":
      return { event: event.type, node: { id: event.node, cluster: event.cluster }, ask: askJson(event.ask) };
    case "stats":
      return { event: event.type, node: { id: event.node, cluster: event.cluster }, stats: clusterJson(event.stats) };
    case "note":
      return { event: event.type, text: event.text };
  }
}

/** With the names of a LoadStatsResponse. */
function askJson({ all, clusters, intervalMs, byEndpoint }: LoadAskPlan): Readonly<Record<string, unknown>> {
  return {
    ...(all ? { send_all_clusters: true } : { clusters }),
    load_reporting_interval: `${intervalMs / 1_000}s`,
    report_endpoint_granularity: byEndpoint,
  };
}
