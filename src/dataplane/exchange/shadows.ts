// The copies of one request (request_mirror_policies): which mirrors get one, and what its head says. Asked for by the router; what goes
// wrong with a copy never touches the original.
import type { MirrorPlan } from "../../config/plan/mirror.ts";
import type { ForwardPlan } from "../../config/plan/route.ts";
import { acquireHeaderList, type HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import { changeRequestHeaders } from "../routing/header-changes.ts";
import { inFraction } from "../routing/runtime-view.ts";
import type { Cluster } from "../upstream/upstream.ts";
import type { RouterHost } from "./router-host.ts";
import { Shadow } from "./shadow.ts";

/** The copies of one request whose end has not come. */
export class Shadows {
  private readonly shadows: readonly Shadow[];
  private readonly original: Cluster;

  constructor(shadows: readonly Shadow[], original: Cluster) {
    this.shadows = shadows;
    this.original = original;
  }

  /** They begin: the original has. `end`: the head is all of it. */
  start(end: boolean): void {
    for (const shadow of this.shadows) shadow.start(end);
  }

  /** Body of the original. */
  data(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    for (const shadow of this.shadows)
      if (!shadow.data(bytes, start, end, last)) count(this.original.stats, CLUSTER.at.retry_or_shadow_abandoned);
  }

  /** Trailers of the original, which stay the caller's. */
  end(trailers: HeaderList): void {
    for (const shadow of this.shadows) shadow.end(trailers);
  }

  /** The original is over before it was whole. */
  drop(): void {
    for (const shadow of this.shadows) shadow.drop();
  }
}

/** The copies that a request gets, not begun yet; null: none. `timeoutMs`: of the original. */
export function shadowsOf(
  host: RouterHost,
  { mirrors, priority }: ForwardPlan,
  original: Cluster,
  timeoutMs: number,
): Shadows | null {
  const { manager, isGrpc, protocol } = host;
  const { services } = manager.worker;
  const heldBytesMax = manager.keptBytesMax(AS_THE_LISTENER);
  const shadows = mirrors.flatMap((mirror) => {
    const { clusterHeader, fraction } = mirror;
    if (fraction !== null && !inFraction(fraction, services.runtime, host.randomNumber)) return [];
    const request = host.request as HeaderList;
    const name = clusterHeader === "" ? mirror.cluster : firstValue(request, clusterHeader);
    const cluster = services.upstreams.cluster(name);
    if (cluster === null || manager.worker.budget.isSpent()) return [];
    const head = shadowHead(host, mirror);
    const { worker } = manager;
    return [new Shadow({ worker, cluster, head, protocol, priority, isGrpc, timeoutMs, heldBytesMax })];
  });
  return shadows.length === 0 ? null : new Shadows(shadows, original);
}

/** The copy's head, in Envoy's order: mutations, host, and what every request of the proxy's own says. */
function shadowHead(host: RouterHost, { host: literal, hostSuffix, mutations }: MirrorPlan): HeaderList {
  const head = acquireHeaderList();
  head.copyFrom(host.request as HeaderList);
  for (const change of mutations) changeRequestHeaders(change, head, host);
  const authority = head.value(H.PSEUDO_AUTHORITY) ?? "";
  if (literal !== "") head.setText(H.PSEUDO_AUTHORITY, literal);
  else if (hostSuffix) head.setText(H.PSEUDO_AUTHORITY, withSuffix(authority));
  head.setText(H.X_ENVOY_INTERNAL, "true");
  const { localAddress } = host.manager.worker.services;
  const chain = head.valueByName("x-forwarded-for");
  head.setText(H.X_FORWARDED_FOR, chain === undefined ? localAddress : `${chain},${localAddress}`);
  return head;
}

/** `a.b:80` → `a.b-shadow:80`. */
function withSuffix(authority: string): string {
  const port = /:\d*$/.exec(authority);
  const end = port === null || authority.endsWith("]") ? authority.length : port.index;
  return `${authority.slice(0, end)}-shadow${authority.slice(end)}`;
}

function firstValue(head: HeaderList, name: string): string {
  const at = head.findName(name);
  return at < 0 ? "" : head.valueText(at);
}

/** What may wait for a mirror is what the listener lets wait: per_connection_buffer_limit_bytes. */
const AS_THE_LISTENER = { bytesMax: -1, lowerBytesMax: Number.POSITIVE_INFINITY } as const;
