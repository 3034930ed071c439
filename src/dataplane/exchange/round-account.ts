// What is counted, logged and told of each round of an exchange: a request has one, and one more for each redirect of an upstream's that
// was followed here. Called by the exchange when a round begins and ends.
import { recordValue } from "../../telemetry/histogram.ts";
import { HTTP } from "../../telemetry/http-stats.ts";
import { add, count } from "../../telemetry/stats-add.ts";
import type { Exchange } from "./exchange.ts";

/** A round counts as a request, as in Envoy. */
export function beginRound({ manager: { stats }, protocol }: Exchange): void {
  count(stats, HTTP.at.downstream_rq_total);
  count(stats, protocol === "http1" ? HTTP.at.downstream_rq_http1_total : HTTP.at.downstream_rq_http2_total);
  add(stats, HTTP.at.downstream_rq_active, 1);
}

/** Everything of the round is still at hand: it is counted and logged, its span and timers end. */
export function endRound(exchange: Exchange): void {
  const { manager } = exchange;
  const nowMs = exchange.nowMs();
  exchange.timers.stop();
  recordValue(manager.requestTimes, Math.round(nowMs - exchange.roundMs));
  add(manager.stats, HTTP.at.downstream_rq_active, -1);
  if (exchange.tunnel !== null) add(manager.stats, HTTP.at.downstream_cx_upgrades_active, -1);
  if (exchange.isHealthCheck) count(manager.stats, HTTP.at["tracing.health_check"]);
  if (!manager.logs.isEmpty) manager.logs.write(exchange, "DownstreamEnd");
  if (exchange.span !== null) exchange.span.end(nowMs);
  if (manager.worker.watch !== null) manager.worker.watch.take(exchange);
}
