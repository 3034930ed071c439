// A LoadStatsRequest from its bytes, and a LoadStatsResponse as bytes. Called by lrs-actor.ts.

import { toWire } from "../../../config/load/write-wire.ts";
import { addressText } from "../../../config/plan/address.ts";
import type { LoadAskPlan } from "../../../config/plan/lrs-server.ts";
import type { ConnectionCounts, LoadCounts } from "../../../messages/load.ts";
import { checked } from "../../eds/wire.ts";
import { type Json, type NodeShare, readShares } from "../node-shares.ts";
import { FieldReader, shortText } from "./field-reader.ts";
import { NAME_BYTES_MAX } from "./limits.ts";
import type { LoadMessage, ReportedCluster, ReportedCounts, ReportedShare, ReportingNode } from "./load-report.ts";
import { clusterReader } from "./read-cluster.ts";
import { readStructFields } from "./read-struct.ts";

/** The method that clients call. */
export const LRS_METHOD = "/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats";

/** What a client announces that wants a response to each report. */
export const ACK_FEATURE = "starling.lrs.ack.v1";

/** A request from its bytes; null for bytes that are none. */
export function readLoadMessage(bytes: Uint8Array): LoadMessage | null {
  try {
    made ??= requestReader();
    const { facts, clusters, raw } = made.read(bytes, { facts: null, clusters: [], raw: [] });
    return { node: facts === null ? null : nodeOf(facts, clusters), clusters, raw };
  } catch {
    return null;
  }
}

/** A response's bytes. */
export function writeAsk(ask: LoadAskPlan): Uint8Array {
  return toWire(
    checked("envoy.service.load_stats.v3.LoadStatsResponse", {
      clusters: ask.clusters,
      send_all_clusters: ask.all,
      load_reporting_interval: checked("google.protobuf.Duration", { value: ask.intervalMs }),
      report_endpoint_granularity: ask.byEndpoint,
    }),
  );
}

interface MessageFacts {
  facts: NodeFacts | null;
  readonly clusters: ReportedCluster[];
  readonly raw: Uint8Array[];
}

/** Made at the first use: the descriptor set takes a quarter of a second. */
let made: FieldReader<MessageFacts> | null = null;

function requestReader(): FieldReader<MessageFacts> {
  const node = nodeReader();
  const cluster = clusterReader();
  return new FieldReader<MessageFacts>("envoy.service.load_stats.v3.LoadStatsRequest", {
    node: (target, reader) => {
      const empty = { id: "", cluster: "", wantsAck: false, skipsFirst: false, own: new Map() };
      target.facts = node.readField(reader, empty);
    },
    cluster_stats: (target, reader) => {
      const bytes = reader.bytes();
      target.raw.push(bytes);
      target.clusters.push(cluster(bytes));
    },
  });
}

interface NodeFacts {
  id: string;
  cluster: string;
  wantsAck: boolean;
  skipsFirst: boolean;
  /** What is Starling's of its metadata. */
  readonly own: Map<string, Json>;
}

function nodeReader(): FieldReader<NodeFacts> {
  return new FieldReader<NodeFacts>("envoy.config.core.v3.Node", {
    id: (target, reader) => {
      target.id = shortText(reader);
    },
    cluster: (target, reader) => {
      target.cluster = shortText(reader);
    },
    user_agent_name: (target, reader) => {
      target.skipsFirst = shortText(reader).startsWith(GRPC_JS);
    },
    client_features: (target, reader) => {
      if (shortText(reader) === ACK_FEATURE) target.wantsAck = true;
    },
    metadata: (target, reader) => readStructFields(reader.bytes(), OWN_KEYS, target.own),
  });
}

function nodeOf(
  { id, cluster, wantsAck, skipsFirst, own }: NodeFacts,
  clusters: readonly ReportedCluster[],
): ReportingNode {
  const instance = own.get(INSTANCE_KEY);
  const sequence = own.get(SEQUENCE_KEY);
  const isNumbered =
    typeof instance === "string" &&
    instance.length <= INSTANCE_MAX &&
    Number.isSafeInteger(sequence) &&
    instance !== "";
  const shares = readShares(own.get(SHARES_KEY) ?? null);
  return {
    ...{ id, cluster, wantsAck, skipsFirst },
    identity: isNumbered ? { instance, sequence: sequence as number } : null,
    shares: shares === null || !shares.every(isShort) ? null : shares.map((share) => shareOf(share, clusters)),
  };
}

function isShort({ node, instance }: NodeShare): boolean {
  return instance.length <= INSTANCE_MAX && Buffer.byteLength(node) <= NAME_BYTES_MAX;
}

/** Intervals are the message's. */
function shareOf({ node, instance, sequence, clusters }: NodeShare, whole: readonly ReportedCluster[]): ReportedShare {
  const intervals = new Map(whole.map(({ cluster, intervalMs }) => [cluster, intervalMs]));
  return {
    node,
    identity: { instance, sequence },
    clusters: clusters.map(({ cluster, serviceName, localities, droppedTotal, dropped }) => ({
      ...{ cluster, service: serviceName, droppedTotal, dropped },
      intervalMs: intervals.get(cluster) ?? 0,
      localities: localities.map(({ locality, priority, connections, endpoints, ...counts }) => ({
        ...{ ...locality, priority, counts: countsOf(counts, connections) },
        endpoints: endpoints.map(({ address, ...own }) => ({
          address: addressText(address),
          counts: countsOf(own, null),
        })),
      })),
    })),
  };
}

function countsOf(
  { success, error, issued, inProgress }: LoadCounts,
  connections: ConnectionCounts | null,
): ReportedCounts {
  const { opened = 0, failed = 0, active = 0 } = connections ?? {};
  return { success, error, issued, active: inProgress, cxTotal: opened, cxFailed: failed, cxActive: active };
}

const INSTANCE_KEY = "starling.instance";
const SEQUENCE_KEY = "starling.sequence";
const SHARES_KEY = "starling.nodes";
const OWN_KEYS: ReadonlySet<string> = new Set([INSTANCE_KEY, SEQUENCE_KEY, SHARES_KEY]);
const GRPC_JS = "gRPC Node Pure JS";
const INSTANCE_MAX = 128;
