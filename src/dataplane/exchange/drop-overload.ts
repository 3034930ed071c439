// The share of requests that a cluster's drop_overloads refuses. Asked by the router once the cluster is known, of clusters that have it.
import { runtimeInteger } from "../../config/plan/runtime.ts";
import type { Cluster } from "../upstream/upstream.ts";
import type { AnswerAccount } from "./answer-account.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import { type LocalReply, REPLIES } from "./local-reply.ts";

/** Whether the request is dropped: then it is answered and counted. */
export function dropOverload(
  cluster: Cluster,
  host: { readonly manager: ConnectionManager; giveUp(answer: LocalReply): void },
  account: AnswerAccount,
): boolean {
  const { random, runtime } = host.manager.worker.services;
  const limit = runtimeInteger(runtime, "load_balancing_policy.drop_overload_limit", 100) / 100;
  const share = Math.min(cluster.plan.dropOverload?.share ?? 0, limit);
  if (share < 1 && random.next32() >= share * 2 ** 32) return false;
  const answer = share < 1 ? REPLIES.dropOverload : REPLIES.dropOverloadAlways;
  cluster.drops.count("rq_drop_overload");
  account.onLocal(answer.status, null);
  host.giveUp(answer);
  return true;
}
