// envoy.filters.http.cors: answers a browser's preflight requests by the policy of the route and its virtual host, and adds what the browser
// wants to see to other answers. Counts under `http.<stat_prefix>.cors.`.
import type { CorsPolicyPlan } from "../../../config/plan/filters/cors.ts";
import type { FractionPlan } from "../../../config/plan/match.ts";
import { type TextTest, textTest } from "../../../config/plan/text-test.ts";
import type { HeaderList } from "../../../protocol/header-list.ts";
import { H } from "../../../protocol/header-names.ts";
import { CORS } from "../../../telemetry/cors-stats.ts";
import { count } from "../../../telemetry/stats-add.ts";
import type { LocalReply } from "../../exchange/local-reply.ts";
import { inFraction } from "../../routing/runtime-view.ts";
import type { WorkerServices } from "../../worker-services.ts";
import { type FilterCall, type FilterMaker, type FilterSite, type HttpFilter, Step } from "../filter.ts";

/** Opens the filter. */
export function openCors({ services, statPrefix, place, overrides }: FilterSite): FilterMaker {
  const tests = new Map<CorsPolicyPlan, readonly TextTest[]>();
  for (const one of overrides) if (one.kind === "cors") tests.set(one, one.origins.map(textTest));
  const stats = services.stats.block(CORS, `${statPrefix}cors.`);
  const shared: Shared = { stats, place, services, allows: (policy, origin) => isAllowed(tests.get(policy), origin) };
  return (call) => new Cors(call, shared);
}

interface Shared {
  readonly stats: Float64Array;
  readonly place: number;
  readonly services: WorkerServices;
  allows(policy: CorsPolicyPlan, origin: string): boolean;
}

class Cors implements HttpFilter {
  private readonly call: FilterCall;
  private readonly shared: Shared;
  /** The most specific one first. */
  private policies: readonly CorsPolicyPlan[] = [];
  /** The request's origin when it is allowed; empty: nothing is said. */
  private origin = "";

  constructor(call: FilterCall, shared: Shared) {
    this.call = call;
    this.shared = shared;
  }

  decodeHead(head: HeaderList): Step {
    const { call, shared } = this;
    if (call.route()?.plan.action.kind !== "forward") return Step.Next;
    this.policies = call
      .overrides(shared.place)
      .flatMap((one) => (one.kind === "cors" ? [one] : []))
      .reverse();
    const [policy] = this.policies;
    if (policy === undefined) return Step.Next;
    const isOn = policy.enabled === null || this.falls(policy.enabled);
    if (!isOn && (policy.shadowEnabled === null || !this.falls(policy.shadowEnabled))) return Step.Next;
    const origin = head.valueByName("origin") ?? "";
    if (origin === "") return Step.Next;
    const origins = this.policies.find((one) => one.origins.length > 0);
    const isValid = origins !== undefined && shared.allows(origins, origin);
    count(shared.stats, isValid ? CORS.at.origin_valid : CORS.at.origin_invalid);
    if (!isOn) return Step.Next;
    if (isValid) this.origin = origin;
    const method = head.valueByName("access-control-request-method") ?? "";
    if (head.value(H.PSEUDO_METHOD) !== "OPTIONS" || method === "") return Step.Next;
    if (!isValid && (this.said("forwardsPreflights") ?? true)) return Step.Next;
    return call.reply(PREFLIGHT, (answer) => this.fill(answer, head, method), "filter");
  }

  encodeHead(head: HeaderList): Step {
    if (this.origin === "") return Step.Next;
    this.allow(head);
    const expose = this.line("exposeHeaders");
    if (expose !== "") head.set("access-control-expose-headers", expose);
    return Step.Next;
  }

  private fill(answer: HeaderList, head: HeaderList, method: string): void {
    if (this.origin !== "") this.allow(answer);
    else if (this.said("allowsCredentials") === true) answer.set("access-control-allow-credentials", "true");
    const methods = this.line("allowMethods");
    if (methods !== "") answer.set("access-control-allow-methods", methods === "*" ? method : methods);
    const headers = this.line("allowHeaders");
    const asked = head.valueByName("access-control-request-headers") ?? "";
    if (headers !== "") answer.set("access-control-allow-headers", headers === "*" ? asked : headers);
    const maxAge = this.line("maxAge");
    if (maxAge !== "") answer.set("access-control-max-age", maxAge);
    const wantsPrivate = head.valueByName("access-control-request-private-network") === "true";
    if (wantsPrivate && this.said("allowsPrivateNetwork") === true) {
      answer.set("access-control-allow-private-network", "true");
    }
  }

  private allow(answer: HeaderList): void {
    answer.set("access-control-allow-origin", this.origin);
    if (this.said("allowsCredentials") === true) answer.set("access-control-allow-credentials", "true");
  }

  /** What the most specific level that says it says. */
  private said(field: "allowsCredentials" | "allowsPrivateNetwork" | "forwardsPreflights"): boolean | null {
    return this.policies.find((one) => one[field] !== null)?.[field] ?? null;
  }

  private line(field: "allowMethods" | "allowHeaders" | "exposeHeaders" | "maxAge"): string {
    return this.policies.find((one) => one[field] !== "")?.[field] ?? "";
  }

  private falls(share: FractionPlan): boolean {
    const { runtime, random } = this.shared.services;
    return inFraction(share, runtime, random.next32());
  }
}

/** As Envoy: a matcher that takes a star takes every origin. */
function isAllowed(tests: readonly TextTest[] | undefined, origin: string): boolean {
  return tests?.some((test) => test("*") || test(origin)) === true;
}

const PREFLIGHT: LocalReply = {
  status: 200,
  body: "",
  bytes: null,
  flag: "",
  details: "cors_response",
  grpcStatus: -1,
};
