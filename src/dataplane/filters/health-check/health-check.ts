// envoy.filters.http.health_check: answers health checks that this node is asked, or passes them to its upstream and keeps the answer for a
// while. A node that was told to fail (healthcheck/fail) says so here, and in every other answer.
import type { HealthCheckFilterPlan } from "../../../config/plan/filters/health-check.ts";
import type { HeaderList } from "../../../protocol/header-list.ts";
import { H } from "../../../protocol/header-names.ts";
import type { LocalReply } from "../../exchange/local-reply.ts";
import { type HeaderTest, headerTest } from "../../routing/header-matcher.ts";
import type { Upstreams } from "../../upstream/upstream.ts";
import { type FilterCall, type FilterMaker, type FilterSite, type HttpFilter, Step } from "../filter.ts";
import { AnswerCache } from "./answer-cache.ts";

/** Opens the filter. */
export function openHealthCheck(plan: HealthCheckFilterPlan, site: FilterSite): FilterMaker {
  const shared: Shared = {
    plan,
    tests: plan.headers.map(headerTest),
    cache: plan.cacheMs > 0 ? new AnswerCache(site.services.clock, plan.cacheMs) : null,
    upstreams: site.services.upstreams,
    isFailing: site.isFailing,
  };
  return (call) => new HealthCheck(call, shared);
}

interface Shared {
  readonly plan: HealthCheckFilterPlan;
  readonly tests: readonly HeaderTest[];
  readonly cache: AnswerCache | null;
  readonly upstreams: Upstreams;
  isFailing(): boolean;
}

class HealthCheck implements HttpFilter {
  private readonly call: FilterCall;
  private readonly shared: Shared;
  private isCheck = false;
  private isHandled = false;

  constructor(call: FilterCall, shared: Shared) {
    this.call = call;
    this.shared = shared;
  }

  decodeHead(head: HeaderList, end: boolean): Step {
    const { plan, tests, cache } = this.shared;
    for (const test of tests) if (!test(head)) return Step.Next;
    this.isCheck = true;
    this.call.markHealthCheck();
    this.isHandled = !plan.passThrough || this.shared.isFailing() || cache?.has() === true;
    if (!this.isHandled) return Step.Next;
    return end ? this.answer() : Step.Parked;
  }

  decodeData(bytes: Uint8Array, _start: number, _end: number, last: boolean): Step {
    if (!this.isHandled) return Step.Next;
    return last ? this.answer() : this.call.replace(bytes, 0, 0, false);
  }

  decodeTrailers(): Step {
    return this.isHandled ? this.answer() : Step.Next;
  }

  encodeHead(head: HeaderList): Step {
    if (this.isCheck) {
      this.shared.cache?.keep(head.status, head.has(H.X_ENVOY_DEGRADED));
      head.setText(H.X_ENVOY_UPSTREAM_HEALTHCHECKED_CLUSTER, this.shared.plan.localCluster);
    }
    if (this.shared.isFailing()) head.setText(H.X_ENVOY_IMMEDIATE_HEALTH_CHECK_FAIL, "true");
    return Step.Next;
  }

  private answer(): Step {
    const { status, details } = this.verdict();
    const flag = status >= 200 && status < 300 ? "" : "LH";
    const reply: LocalReply = { status, body: "", bytes: null, flag, details, grpcStatus: -1 };
    const isDegraded = details === CACHED && this.shared.cache?.degraded === true;
    return this.call.reply(reply, isDegraded ? (head) => head.setText(H.X_ENVOY_DEGRADED, "") : undefined);
  }

  private verdict(): { readonly status: number; readonly details: string } {
    const { cache, plan } = this.shared;
    if (this.shared.isFailing()) return { status: 503, details: "health_check_failed" };
    if (cache !== null) return { status: cache.status, details: CACHED };
    if (plan.clusterPercents.length === 0) return { status: 200, details: "health_check_ok" };
    for (const one of plan.clusterPercents) {
      const details = this.lacks(one);
      if (details !== "") return { status: 503, details };
    }
    return { status: 200, details: "health_check_ok_cluster_healthy" };
  }

  /** What a cluster lacks, in the words of response code details; empty: nothing. */
  private lacks(one: HealthCheckFilterPlan["clusterPercents"][number]): string {
    const percent = Math.floor(one.percent);
    const members = this.shared.upstreams.cluster(one.cluster)?.membership();
    if (members === undefined) return "health_check_failed_no_cluster_found";
    if (members.total === 0) return percent === 0 ? "" : "health_check_failed_cluster_empty";
    const isShort = 100 * members.available < members.total * percent;
    return isShort ? "health_check_failed_cluster_unhealthy" : "";
  }
}

const CACHED = "health_check_cached";
