// Redirects of an upstream that are followed here instead of by the client (internal_redirect_policy): whether an answer is one, and the
// head that the request goes on with. Asked by attempts.ts through the exchange, for routes with such a policy only.
import type { InternalRedirectPlan, RedirectPredicatePlan } from "../../config/plan/internal-redirect.ts";
import { acquireHeaderList, type HeaderList, releaseHeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { HTTP } from "../../telemetry/http-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import { type RedirectTarget, redirectTarget } from "../routing/redirect-target.ts";
import type { Cluster } from "../upstream/upstream.ts";
import type { Exchange } from "./exchange.ts";
import { targetRouteName } from "./phases.ts";

/** The redirects of one request so far. */
export interface RedirectHistory {
  count: number;
  /** Names of routes that previous_routes was asked for, by the name of the route that asked. */
  readonly visited: Map<string, Set<string>>;
}

/** Follows a redirect when the plan lets it: the request then begins again. False: the answer is the client's. */
export function followRedirect(exchange: Exchange, plan: InternalRedirectPlan, answer: HeaderList): boolean {
  if (!plan.statuses.includes(answer.status)) return false;
  const { stats } = exchange.router.cluster as Cluster;
  const before = exchange.request as HeaderList;
  const body = exchange.tunnel === null ? exchange.router.call.body.whole() : null;
  const head = body === null ? null : redirectedHead(exchange, plan, answer);
  if (body === null || head === null) {
    count(stats, CLUSTER.at.upstream_internal_redirect_failed_total);
    return false;
  }
  count(stats, CLUSTER.at.upstream_internal_redirect_succeeded_total);
  const losesBody = answer.status === SEE_OTHER && becomesGet(head);
  // The line of this round has the head that it ends with and the answer, as in Envoy.
  const logged = acquireHeaderList();
  logged.copyFrom(answer);
  exchange.response.head = logged;
  exchange.response.status = answer.status;
  exchange.details = "internal_redirect";
  exchange.request = head;
  exchange.again(losesBody || body.length === 0 ? null : body);
  releaseHeaderList(before);
  return true;
}

/** The head with which the request would go on, counted among the request's redirects; null: it may not, and why is counted. */
function redirectedHead(exchange: Exchange, plan: InternalRedirectPlan, answer: HeaderList): HeaderList | null {
  const { stats } = exchange.manager;
  const before = exchange.request as HeaderList;
  const location = locationOf(answer);
  if (location === undefined || !before.has(H.PSEUDO_PATH)) return null;
  const target = redirectTarget(location);
  if (target === null) {
    count(stats, HTTP.at.passthrough_internal_redirect_bad_location);
    return null;
  }
  const fromTls = before.value(H.PSEUDO_SCHEME)?.toLowerCase() !== "http" && exchange.owner?.peer.isTls === true;
  const toTls = target.scheme.toLowerCase() !== "http";
  if (fromTls !== toTls && !plan.crossesSchemes) {
    count(stats, HTTP.at.passthrough_internal_redirect_unsafe_scheme);
    return null;
  }
  exchange.redirected ??= { count: 0, visited: new Map() };
  if (exchange.redirected.count >= plan.redirectsMax) {
    count(stats, HTTP.at.passthrough_internal_redirect_too_many_redirects);
    return null;
  }
  const head = acquireHeaderList();
  head.copyFrom(before);
  copyHeaders(plan.copiedHeaders, answer, head);
  aim(head, target);
  if (!mayLead(exchange, plan, head, { fromTls, toTls, history: exchange.redirected })) {
    releaseHeaderList(head);
    return null;
  }
  exchange.redirected.count++;
  const authority = before.value(H.PSEUDO_AUTHORITY) ?? "";
  head.setText(H.X_ENVOY_ORIGINAL_URL, `${fromTls ? "https" : "http"}://${authority}${before.value(H.PSEUDO_PATH)}`);
  return head;
}

interface Way {
  readonly fromTls: boolean;
  readonly toTls: boolean;
  readonly history: RedirectHistory;
}

/** Whether the new head has a route that all predicates let it have; the exchange has its old head before and after. */
function mayLead(exchange: Exchange, plan: InternalRedirectPlan, head: HeaderList, way: Way): boolean {
  const { manager, request } = exchange;
  exchange.request = head;
  exchange.hashing?.forget();
  const name = targetRouteName(exchange);
  exchange.request = request;
  exchange.hashing?.forget();
  if (name === null) {
    count(manager.stats, HTTP.at.passthrough_internal_redirect_no_route);
    return false;
  }
  const from = exchange.router.route?.plan.name ?? "";
  if (plan.predicates.every((predicate) => agrees(predicate, from, name, way))) return true;
  count(manager.stats, HTTP.at.passthrough_internal_redirect_predicate);
  return false;
}

function agrees(predicate: RedirectPredicatePlan, from: string, to: string, { fromTls, toTls, history }: Way): boolean {
  switch (predicate.kind) {
    case "previous_routes": {
      const visited = history.visited.get(from) ?? new Set<string>();
      history.visited.set(from, visited);
      const isNew = !visited.has(to);
      visited.add(to);
      return isNew;
    }
    case "allow_listed_routes":
      return predicate.names.includes(to);
    case "safe_cross_scheme":
      return fromTls || !toTls;
  }
}

function aim(head: HeaderList, { scheme, authority, path }: RedirectTarget): void {
  if (/^https?$/i.test(scheme)) head.setText(H.PSEUDO_SCHEME, scheme); // upstream it would be that of x-forwarded-proto, which stays
  head.setText(H.PSEUDO_AUTHORITY, authority);
  head.setText(H.PSEUDO_PATH, path);
}

/** What the answer does not have of these fields the request loses. */
function copyHeaders(names: readonly string[], answer: HeaderList, head: HeaderList): void {
  for (const name of names) {
    head.removeName(name);
    for (let i = answer.findName(name); i >= 0; i = answer.findName(name, i + 1)) head.add(name, answer.valueText(i));
  }
}

/** 303 asks for what there is to see elsewhere (RFC 9110 §15.4.4): another method than GET or HEAD becomes GET, without a body. */
function becomesGet(head: HeaderList): boolean {
  const method = head.value(H.PSEUDO_METHOD);
  if (method === "GET" || method === "HEAD") return false;
  head.setText(H.PSEUDO_METHOD, "GET");
  head.remove(H.CONTENT_LENGTH);
  return true;
}

/** Several are one list, as in Envoy. */
function locationOf(answer: HeaderList): string | undefined {
  const values = answer.entries().filter(([name]) => name === "location");
  return values.length === 0 ? undefined : values.map(([, value]) => value).join(",");
}

const SEE_OTHER = 303;
