// What the answer to an HTTP check means: Envoy's rules over its head and body. Used by codec-talk.ts, one per connection.
import type { HttpCheckPlan, StatusRangePlan } from "../../../config/plan/health-check.ts";
import { type TextTest, textTest } from "../../../config/plan/text-test.ts";
import type { HeaderList } from "../../../protocol/header-list.ts";
import { H } from "../../../protocol/header-names.ts";
import type { ProbeOutcome } from "../probe.ts";
import type { AnswerJudge } from "./codec-talk.ts";
import { ANSWER_BYTES_MAX } from "./limits.ts";
import { httpSuccess, outcome, refused } from "./outcomes.ts";
import { plain } from "./reasons.ts";
import { TextSearch } from "./text-search.ts";

/** Judges the answers that come over one connection, one at a time. */
export class HttpJudge implements AnswerJudge {
  readonly bodyBytesMax: number = ANSWER_BYTES_MAX;
  private readonly plan: HttpCheckPlan;
  private readonly isService: TextTest | null;
  private readonly search: TextSearch;
  private status = 0;
  private isDegraded = false;
  private service = "";

  constructor(plan: HttpCheckPlan) {
    this.plan = plan;
    this.isService = serviceTest(plan);
    this.search = new TextSearch(plan.receive, plan.responseBytesMax);
  }

  begin(): void {
    this.search.begin();
  }

  onHead(head: HeaderList): boolean {
    this.status = head.status;
    this.isDegraded = head.has(H.X_ENVOY_DEGRADED);
    if (this.isService !== null) this.service = head.value(H.X_ENVOY_UPSTREAM_HEALTHCHECKED_CLUSTER) ?? "";
    return false;
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.search.feed(bytes, start, end);
  }

  onTrailers(): void {
    // No rule looks at them.
  }

  /** As Envoy: the status, then the body, then the name. */
  verdict(): ProbeOutcome {
    const { plan, status, isService } = this;
    if (!isWithin(plan.expectedStatuses, status)) {
      const kind = isWithin(plan.retriableStatuses, status) ? "retriable" : "refused";
      return outcome(kind, `HTTP ${status}`, status, false);
    }
    if (!this.search.isDone) return refused("the body lacks the expected text", status);
    if (isService !== null && !isService(this.service)) {
      return refused(plain(`the service is ${JSON.stringify(this.service)}`), status, true);
    }
    return httpSuccess(this.isDegraded ? "degraded" : "success", status, isService !== null);
  }
}

function isWithin(ranges: readonly StatusRangePlan[], status: number): boolean {
  for (const range of ranges) if (status >= range.start && status < range.end) return true;
  return false;
}

/** One test for all connections of a check; null: any name will do. */
function serviceTest(plan: HttpCheckPlan): TextTest | null {
  if (plan.serviceName === null) return null;
  const test = SERVICE_TESTS.get(plan) ?? textTest(plan.serviceName);
  SERVICE_TESTS.set(plan, test);
  return test;
}

const SERVICE_TESTS: WeakMap<HttpCheckPlan, TextTest> = new WeakMap();
