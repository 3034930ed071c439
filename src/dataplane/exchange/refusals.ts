// Requests that the router refuses once their cluster is known: orders that are none (strict_check_headers), a cluster that the runtime
// says is in maintenance, and the share of drop_overloads. Asked by the router.
import { runtimeInteger } from "../../config/plan/runtime.ts";
import { MAINTENANCE_PREFIX } from "../../config/plan/runtime-keys.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import type { Cluster } from "../upstream/upstream.ts";
import type { AnswerAccount } from "./answer-account.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import { type LocalReply, REPLIES, wrongOrder } from "./local-reply.ts";
import { areRetryWords } from "./retry-rules.ts";

/** Who asks. */
interface RefusalHost {
  readonly manager: ConnectionManager;
  readonly request: HeaderList | null;
  giveUp(answer: LocalReply): void;
}

/** Whether the request is refused: then it is answered and counted. */
export function refusesRequest(cluster: Cluster, host: RefusalHost, account: AnswerAccount): boolean {
  const { router, worker } = host.manager;
  if (router.strictHeaders.length > 0 && hasWrongOrder(host, router.strictHeaders)) return true;
  if (worker.mayBeInMaintenance() && isInMaintenance(cluster, host, account)) return true;
  return cluster.plan.dropOverload !== null && dropOverload(cluster, host, account);
}

function hasWrongOrder(host: RefusalHost, names: readonly string[]): boolean {
  for (const name of names) {
    const value = host.request?.valueByName(name);
    if (value === undefined || (ORDERS[name] ?? isNumber)(value)) continue;
    host.giveUp(wrongOrder(name, value));
    return true;
  }
  return false;
}

function isNumber(value: string): boolean {
  return /^\d{1,10}$/.test(value) && Number(value) < 2 ** 32;
}

function isInMaintenance(cluster: Cluster, host: RefusalHost, account: AnswerAccount): boolean {
  const { random, runtime } = host.manager.worker.services;
  const percent = runtimeInteger(runtime, MAINTENANCE_PREFIX + cluster.plan.name, 0);
  if (random.below(100) >= percent) return false;
  count(cluster.stats, CLUSTER.at.upstream_rq_maintenance_mode);
  refuse(REPLIES.maintenance, host, account);
  return true;
}

function dropOverload(cluster: Cluster, host: RefusalHost, account: AnswerAccount): boolean {
  const { random, runtime } = host.manager.worker.services;
  const limit = runtimeInteger(runtime, "load_balancing_policy.drop_overload_limit", 100) / 100;
  const share = Math.min(cluster.plan.dropOverload?.share ?? 0, limit);
  if (share < 1 && random.next32() >= share * 2 ** 32) return false;
  cluster.drops.count("rq_drop_overload");
  refuse(share < 1 ? REPLIES.dropOverload : REPLIES.dropOverloadAlways, host, account);
  return true;
}

function refuse(answer: LocalReply, host: RefusalHost, account: AnswerAccount): void {
  account.onLocal(answer.status, null);
  host.giveUp(answer);
}

/** What must hold of the values of headers that strict_check_headers may name, where it is not a number. */
const ORDERS: Readonly<Record<string, (value: string) => boolean>> = {
  "x-envoy-retry-on": (value) => areRetryWords(value, "http"),
  "x-envoy-retry-grpc-on": (value) => areRetryWords(value, "grpc"),
};
