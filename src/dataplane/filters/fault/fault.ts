// envoy.filters.http.fault: delays requests, aborts them and slows their answers down, by share, runtime, or as the client's headers ask.
import { Timer } from "../../../base/timer-wheel.ts";
import type { FaultPlan } from "../../../config/plan/filters/fault.ts";
import { runtimeInteger } from "../../../config/plan/runtime.ts";
import type { HeaderList } from "../../../protocol/header-list.ts";
import { FAULT } from "../../../telemetry/fault-stats.ts";
import { faultsName, type NodeCounts } from "../../../telemetry/node-counts.ts";
import { add, count } from "../../../telemetry/stats-add.ts";
import type { LocalReply } from "../../exchange/local-reply.ts";
import { headerTest } from "../../routing/header-matcher.ts";
import { inFraction } from "../../routing/runtime-view.ts";
import { type FilterCall, type FilterMaker, type FilterSite, type HttpFilter, Step } from "../filter.ts";
import { abortAsked, delayAsked, rateAsked, shareAsked } from "./fault-headers.ts";
import { FaultStats } from "./fault-stats.ts";

/** Opens the filter. `name`: under which filter_metadata stands. */
export function openFault(plan: FaultPlan & { readonly name: string }, site: FilterSite): FilterMaker {
  const { counts, stats } = site.services;
  const row = counts.rowOf(faultsName(site.statPrefix));
  const shared: Shared = { site, name: plan.name, stats: new FaultStats(stats, site.statPrefix), row };
  const usual = settingsOf(plan);
  const ofRoutes = new Map<FaultPlan, Settings>();
  return (call) => {
    const override = call.override(site.place);
    if (override?.kind !== "fault") return usual.isIdle ? null : new Fault(call, usual, shared);
    let settings = ofRoutes.get(override);
    if (settings === undefined) {
      settings = settingsOf(override);
      ofRoutes.set(override, settings);
    }
    return settings.isIdle ? null : new Fault(call, settings, shared);
  };
}

interface Shared {
  readonly site: FilterSite;
  readonly name: string;
  readonly stats: FaultStats;
  /** Of the active faults of all workers; -1: none. */
  readonly row: number;
}

interface Settings {
  readonly plan: FaultPlan;
  readonly tests: readonly ((head: HeaderList) => boolean)[];
  /** Nothing is ever done. */
  readonly isIdle: boolean;
}

function settingsOf(plan: FaultPlan): Settings {
  const isIdle = plan.delay === null && plan.abort === null && plan.rateLimit === null;
  return { plan, tests: plan.headers.map(headerTest), isIdle };
}

class Fault implements HttpFilter {
  private readonly call: FilterCall;
  private readonly settings: Settings;
  private readonly shared: Shared;
  private timer: Timer | null = null;
  /** x-envoy-downstream-service-cluster; empty: none, or not asked about. */
  private client = "";
  /** It counts among the active faults. */
  private isActive = false;

  constructor(call: FilterCall, settings: Settings, shared: Shared) {
    this.call = call;
    this.settings = settings;
    this.shared = shared;
  }

  decodeHead(head: HeaderList): Step {
    if (!this.isMeant(head)) return Step.Next;
    this.client = head.valueByName("x-envoy-downstream-service-cluster") ?? "";
    this.limitRate(head);
    const delayMs = this.delayMs(head);
    if (delayMs > 0 && this.begin()) {
      this.mark("delays_injected");
      this.call.addFlag("DI");
      this.timer = new Timer(() => this.goOn(head));
      this.call.wheel.arm(this.timer, delayMs);
      return Step.Parked;
    }
    const abort = this.abort(head);
    if (abort === null || !this.begin()) return Step.Next;
    this.mark("aborts_injected");
    return this.call.reply(abort);
  }

  done(): void {
    if (this.timer !== null) this.call.wheel.disarm(this.timer);
    if (!this.isActive) return;
    if (this.shared.row >= 0) this.counts.give(this.shared.row);
    add(this.shared.stats.block, FAULT.at.active_faults, -1);
  }

  /** After the delay. */
  private goOn(head: HeaderList): void {
    const abort = this.abort(head);
    if (abort === null) {
      this.call.resumeDecode();
      return;
    }
    this.mark("aborts_injected");
    this.call.reply(abort);
  }

  private isMeant(head: HeaderList): boolean {
    const { plan, tests } = this.settings;
    if (plan.cluster !== "" && this.call.cluster()?.plan.name !== plan.cluster) return false;
    const node = plan.nodes.length === 0 ? "" : (head.valueByName("x-envoy-downstream-service-node") ?? "");
    if (plan.nodes.length > 0 && !plan.nodes.includes(node)) return false;
    return tests.every((test) => test(head));
  }

  private limitRate(head: HeaderList): void {
    const { rateLimit } = this.settings.plan;
    if (rateLimit === null) return;
    const percent = shareAsked(rateLimit, head, "throughput-response");
    if (!inFraction(percent, this.runtime, this.call.random.next32())) return;
    const kbps = rateLimit.byHeader ? rateAsked(head) : rateLimit.kbps;
    if (kbps === 0 || !this.begin()) return;
    count(this.shared.stats.block, FAULT.at.response_rl_injected);
    this.call.limitResponse(kbps * 1_024);
  }

  /** 0: none. */
  private delayMs(head: HeaderList): number {
    const { delay } = this.settings.plan;
    if (delay === null || !this.happens(shareAsked(delay, head, "delay-request"), "delay.fixed_delay_percent"))
      return 0;
    const ms = delay.byHeader ? delayAsked(head) : delay.ms;
    if (ms < 0) return 0;
    // The time alone has both keys.
    return this.number("", "delay.fixed_duration_ms", runtimeInteger(this.runtime, delay.msKey, ms));
  }

  private abort(head: HeaderList): LocalReply | null {
    const { abort } = this.settings.plan;
    if (abort === null || !this.happens(shareAsked(abort, head, "abort-request"), "abort.abort_percent")) return null;
    const { status, grpcStatus } = abort.byHeader ? abortAsked(head) : abort;
    const { body } = abort;
    if (status > 0) return reply(body, this.number(abort.statusKey, "abort.http_status", status), -1);
    if (grpcStatus < 0) return null;
    return reply(body, 200, this.number(abort.grpcStatusKey, "abort.grpc_status", grpcStatus));
  }

  /** As Envoy: for a request that names its cluster the keys of that cluster count, never the general ones. */
  private happens(percent: ReturnType<typeof shareAsked>, key: string): boolean {
    const asked = this.client === "" ? percent : { ...percent, runtimeKey: `fault.http.${this.client}.${key}` };
    return inFraction(asked, this.runtime, this.call.random.next32());
  }

  private number(key: string, ofClient: string, usual: number): number {
    const asked = this.client === "" ? key : `fault.http.${this.client}.${ofClient}`;
    return asked === "" ? usual : runtimeInteger(this.runtime, asked, usual);
  }

  /** Takes a place among the active faults; false: there is none. */
  private begin(): boolean {
    const { settings, shared } = this;
    if (this.isActive) return true;
    const { activeMax, activeMaxKey } = settings.plan;
    const { block } = shared.stats;
    const most =
      activeMax === Number.POSITIVE_INFINITY ? activeMax : runtimeInteger(this.runtime, activeMaxKey, activeMax);
    const { row } = shared;
    // With more names than the node counts, each worker has the limit.
    const isFree = row < 0 ? (block[FAULT.at.active_faults] as number) < most : this.counts.take(row, most);
    if (!isFree) {
      count(block, FAULT.at.faults_overflow);
      return false;
    }
    add(block, FAULT.at.active_faults, 1);
    this.isActive = true;
    return true;
  }

  private mark(counter: "delays_injected" | "aborts_injected"): void {
    const { name, stats } = this.shared;
    const { countsClusters, metadata } = this.settings.plan;
    stats.count(counter, countsClusters ? this.client : "");
    for (const [key, value] of metadata) this.call.setMetadata(name, key, value);
  }

  private get counts(): NodeCounts {
    return this.shared.site.services.counts;
  }

  private get runtime(): FilterSite["services"]["runtime"] {
    return this.shared.site.services.runtime;
  }
}

function reply(body: string, status: number, grpcStatus: number): LocalReply {
  const known = status >= 200 && status <= 599 ? status : 503;
  return { status: known, body, bytes: null, flag: "FI", details: "fault_filter_abort", grpcStatus };
}
