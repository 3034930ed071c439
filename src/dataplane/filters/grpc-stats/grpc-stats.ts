// envoy.filters.http.grpc_stats: counts gRPC calls and messages of each cluster, by service and method where the plan says so. Looks on
// only; has nothing to do with requests that are not gRPC or lead to no cluster.
import type { GrpcStatsPlan } from "../../../config/plan/filters/grpc-stats.ts";
import { GrpcFrameCounter } from "../../../protocol/grpc-frames.ts";
import type { HeaderList } from "../../../protocol/header-list.ts";
import { H } from "../../../protocol/header-names.ts";
import { isGrpc } from "../../routing/route-table.ts";
import { type FilterCall, type FilterMaker, type FilterSite, type HttpFilter, Step } from "../filter.ts";
import { GrpcMethodTable, type MethodStats } from "../grpc-methods.ts";

/** Opens the filter. */
export function openGrpcStats(plan: GrpcStatsPlan, { services }: FilterSite): FilterMaker {
  const methods = new GrpcMethodTable(services.stats, { ...plan, family: "grpc" });
  return (call) => {
    const head = call.request();
    return head !== null && isGrpc(head) ? new GrpcStats(call, methods, plan.upstreamStats) : null;
  };
}

class GrpcStats implements HttpFilter {
  private readonly call: FilterCall;
  private readonly methods: GrpcMethodTable;
  private readonly timed: boolean;
  private readonly requests = new GrpcFrameCounter();
  private readonly responses = new GrpcFrameCounter();
  private stats: MethodStats | null = null;
  private isAnswerGrpc = false;

  constructor(call: FilterCall, methods: GrpcMethodTable, timed: boolean) {
    this.call = call;
    this.methods = methods;
    this.timed = timed;
  }

  decodeHead(head: HeaderList): Step {
    const cluster = this.call.cluster();
    if (cluster !== null) this.stats = this.methods.of(cluster, head.value(H.PSEUDO_PATH) ?? "");
    return Step.Next;
  }

  decodeData(bytes: Uint8Array, start: number, end: number): Step {
    this.stats?.countRequests(this.requests.count(bytes, start, end));
    return Step.Next;
  }

  encodeHead(head: HeaderList, end: boolean): Step {
    this.isAnswerGrpc = head.status === 200 && isGrpc(head);
    this.onStatus(head);
    if (end) this.onEnd();
    return Step.Next;
  }

  encodeData(bytes: Uint8Array, start: number, end: number): Step {
    if (this.isAnswerGrpc) this.stats?.countResponses(this.responses.count(bytes, start, end));
    return Step.Next;
  }

  encodeTrailers(trailers: HeaderList): Step {
    this.onStatus(trailers);
    this.onEnd();
    return Step.Next;
  }

  private onStatus(fields: HeaderList): void {
    const status = fields.value(H.GRPC_STATUS);
    if (status !== undefined) this.stats?.countStatus(status);
  }

  private onEnd(): void {
    const ms = this.timed ? this.call.upstreamMs() : -1;
    if (ms >= 0) this.stats?.recordTime(ms);
  }
}
