// What each phase before the upstream does with a request: the head is judged and cleaned, the route is chosen and may be the answer.
// Called by the exchange's loop only; an answer given here goes through the exchange's response side.
import type { DirectResponsePlan } from "../../config/plan/route.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { formatText } from "../../telemetry/format.ts";
import { HTTP } from "../../telemetry/http-stats.ts";
import { add, count } from "../../telemetry/stats-add.ts";
import { Step } from "../filters/filter.ts";
import { redirectLocation, tlsLocation } from "../routing/redirect.ts";
import { isGrpc, type Route } from "../routing/route-table.ts";
import type { Exchange } from "./exchange.ts";
import type { ExchangeOwner } from "./exchange-owner.ts";
import { directReply, REPLIES } from "./local-reply.ts";
import type { HeadVerdict } from "./request-headers.ts";
import { Tunnel } from "./tunnel.ts";
import { CONNECT_UPGRADE } from "./tunnel-heads.ts";

/** Phases in order. `Respond` begins when an answer does, wherever it comes from. */
export const Phase = { Idle: 0, Head: 1, Filters: 2, Route: 3, Upstream: 4, Respond: 5, Done: 6 } as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

/** Judges and cleans the head. */
export function enterHead(exchange: Exchange): Step {
  const { manager } = exchange;
  const head = exchange.request as HeaderList;
  if (manager.worker.budget.isSpent()) {
    count(manager.stats, HTTP.at.downstream_rq_overload_close);
    return exchange.reply(REPLIES.overloaded);
  }
  const verdict = manager.requestRules.apply(head, (exchange.owner as ExchangeOwner).peer, exchange);
  exchange.isGrpc = isGrpc(head);
  if (verdict !== "ok") return refuseHead(exchange, verdict);
  if (manager.tracer !== null) exchange.span = manager.tracer.begin(exchange, head);
  if (manager.plan.logsNewRequests) manager.logs.write(exchange, "DownstreamStart");
  if (exchange.wantsContinue && !exchange.requestEnded) exchange.response.sendContinue();
  return exchange.upgrade === "" ? Step.Next : enterTunnel(exchange);
}

/** The head of a round after the first: path and host are new. As in Envoy its client is whoever is connected. */
export function enterAgain(exchange: Exchange): Step {
  const { manager } = exchange;
  const head = exchange.request as HeaderList;
  const { peer } = exchange.owner as ExchangeOwner;
  exchange.clientAddress = peer.remoteAddress;
  exchange.isGrpc = isGrpc(head);
  const verdict = manager.requestRules.applyAgain(head, peer);
  if (verdict !== "ok") return refuseHead(exchange, verdict);
  if (manager.tracer !== null) exchange.span = manager.tracer.beginAgain(exchange, head);
  if (manager.plan.logsNewRequests) manager.logs.write(exchange, "DownstreamStart");
  return Step.Next;
}

function refuseHead(exchange: Exchange, verdict: Exclude<HeadVerdict, "ok">): Step {
  const { manager } = exchange;
  switch (verdict) {
    case "missing_host":
      return exchange.reply(REPLIES.missingHost);
    case "absolute_path":
      count(manager.stats, HTTP.at.downstream_rq_non_relative_path);
      return exchange.reply(REPLIES.absolutePath);
    case "bad_path":
      count(manager.stats, HTTP.at.downstream_rq_failed_path_normalization);
      return exchange.reply(REPLIES.badPath);
    case "redirect_path":
      if (exchange.isGrpc) {
        count(manager.stats, HTTP.at.downstream_rq_failed_path_normalization);
        return exchange.reply(REPLIES.badPath);
      }
      count(manager.stats, HTTP.at.downstream_rq_redirected_with_normalized_path);
      return exchange.response.local(REPLIES.redirectPath, exchange.request?.value(H.PSEUDO_PATH) ?? "/");
  }
}

/** Whether the client may have the tunnel that it asks for: by its route, which counts before any filter sees the request, or by the manager. */
function enterTunnel(exchange: Exchange): Step {
  const { manager, upgrade } = exchange;
  const route = exchange.route();
  const action = route?.plan.action;
  const own = action?.kind === "forward" ? action.upgrades.find(({ type }) => type === upgrade) : undefined;
  if (!(own?.enabled ?? manager.plan.upgradeTypes.includes(upgrade))) {
    if (route === null && upgrade === CONNECT_UPGRADE) return notFound(exchange);
    count(manager.stats, HTTP.at.downstream_rq_ws_on_non_ws_route);
    return exchange.reply(REPLIES.upgradeRefused);
  }
  const endsHere = own?.endsConnect ?? false; // a CONNECT whose bytes go on as they are
  exchange.tunnel = new Tunnel(upgrade, endsHere, exchange.protocol, manager.worker.services.random);
  count(manager.stats, HTTP.at.downstream_cx_upgrades_total);
  add(manager.stats, HTTP.at.downstream_cx_upgrades_active, 1);
  return Step.Next;
}

/** Chooses the route; answers when it is a redirect or a direct response, or when there is none. */
export function enterRoute(exchange: Exchange): Step {
  const { manager } = exchange;
  count(manager.stats, HTTP.at.rq_total);
  const head = exchange.request as HeaderList;
  if (manager.requiresTls && wantsTls(exchange, head)) {
    count(manager.stats, HTTP.at.rq_direct_response);
    return exchange.response.local(directReply(301, NO_BODY), tlsLocation(redirectSource(head)));
  }
  const route = exchange.route();
  if (route === null) return notFound(exchange);
  exchange.router.useRoute(route);
  const { action } = route.plan;
  switch (action.kind) {
    case "forward":
      exchange.timers.useRoute(action, head);
      return Step.Next;
    case "redirect": {
      count(manager.stats, HTTP.at.rq_direct_response);
      const location = redirectLocation(action, route.plan.match.path, redirectSource(head));
      return exchange.response.local(directReply(action.status, NO_BODY), location);
    }
    case "direct_response":
      count(manager.stats, HTTP.at.rq_direct_response);
      return exchange.response.local(directReply(action.status, directBody(exchange, action)), "");
    case "non_forwarding":
      return notFound(exchange);
  }
}

/** The route of a request, null when none matches. */
export function selectRoute(exchange: Exchange): Route | null {
  const { manager } = exchange;
  const { runtime } = manager.worker.services;
  return manager.routes.select(exchange.request as HeaderList, runtime, exchange.randomNumber, exchange);
}

/** Name of the route that the head as it is now leads to, empty for one without a name; null: to none. */
export function targetRouteName(exchange: Exchange): string | null {
  if (exchange.manager.requiresTls && wantsTls(exchange, exchange.request as HeaderList)) return "";
  return selectRoute(exchange)?.plan.name ?? null;
}

function notFound(exchange: Exchange): Step {
  count(exchange.manager.stats, HTTP.at.no_route);
  return exchange.reply(REPLIES.routeNotFound);
}

function wantsTls(exchange: Exchange, head: HeaderList): boolean {
  const host = exchange.manager.routes.host(head.value(H.PSEUDO_AUTHORITY) ?? "");
  if (host === null || host.plan.requireTls === "none") return false;
  if (head.value(H.X_FORWARDED_PROTO) === "https") return false;
  return host.plan.requireTls === "all" || !exchange.isInternal;
}

function redirectSource(head: HeaderList): { scheme: string; authority: string; path: string } {
  return {
    scheme: head.value(H.X_FORWARDED_PROTO) ?? head.value(H.PSEUDO_SCHEME) ?? "http",
    authority: head.value(H.PSEUDO_AUTHORITY) ?? "",
    path: head.value(H.PSEUDO_PATH) ?? "/",
  };
}

function directBody(exchange: Exchange, action: DirectResponsePlan): Uint8Array {
  if (action.bodyFormat === null) return action.body;
  return Buffer.from(formatText(action.bodyFormat, exchange, "-"), "utf8");
}

const NO_BODY: Uint8Array = new Uint8Array(0);
