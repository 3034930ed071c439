// envoy.filters.http.header_mutation: adds, overwrites and removes fields of heads and trailers, and query parameters; the filter's own changes
// first, then those of the route's levels.
import type {
  FieldMutationPlan,
  HeaderMutationPlan,
  MutationsPlan,
} from "../../../config/plan/filters/header-mutation.ts";
import type { FilterOverrideSettings } from "../../../config/plan/http-filter.ts";
import { type TextTest, textTest } from "../../../config/plan/text-test.ts";
import type { HeaderList } from "../../../protocol/header-list.ts";
import { H } from "../../../protocol/header-names.ts";
import { JOINED_REQUEST_NAMES, JOINED_RESPONSE_NAMES } from "../../../protocol/joined-names.ts";
import { formatText } from "../../../telemetry/format.ts";
import { addHeaders } from "../../routing/header-changes.ts";
import { type FilterCall, type FilterMaker, type FilterSite, type HttpFilter, Step } from "../filter.ts";
import { changedPath } from "./query.ts";

/** Opens the filter. */
export function openHeaderMutation(plan: HeaderMutationPlan, { overrides, place }: FilterSite): FilterMaker {
  for (const { mutations } of [plan, ...mutationsOf(overrides)]) compileMatchers(mutations);
  return (call) => new HeaderMutation(call, plan, place);
}

class HeaderMutation implements HttpFilter {
  private readonly call: FilterCall;
  private readonly plan: HeaderMutationPlan;
  private readonly place: number;
  /** Those of the route's levels, in the order in which they act; null: not asked yet. */
  private ofRoute: readonly MutationsPlan[] | null = null;

  constructor(call: FilterCall, plan: HeaderMutationPlan, place: number) {
    this.call = call;
    this.plan = plan;
    this.place = place;
  }

  decodeHead(head: HeaderList): Step {
    for (const { request, query } of this.all()) {
      this.change(request, head, JOINED_REQUEST_NAMES);
      if (query.length === 0) continue;
      const path = changedPath(head.value(H.PSEUDO_PATH) ?? "", query, (parts) => formatText(parts, this.call, ""));
      head.setText(H.PSEUDO_PATH, path);
    }
    return Step.Next;
  }

  decodeTrailers(trailers: HeaderList): Step {
    for (const { requestTrailers } of this.all()) this.change(requestTrailers, trailers, NONE);
    return Step.Next;
  }

  encodeHead(head: HeaderList): Step {
    for (const { response } of this.all()) this.change(response, head, JOINED_RESPONSE_NAMES);
    return Step.Next;
  }

  encodeTrailers(trailers: HeaderList): Step {
    for (const { responseTrailers } of this.all()) this.change(responseTrailers, trailers, NONE);
    return Step.Next;
  }

  /** The route is taken as it is before the first change, as in Envoy. */
  private *all(): Iterable<MutationsPlan> {
    this.ofRoute ??= this.routeMutations();
    yield this.plan.mutations;
    yield* this.ofRoute;
  }

  private routeMutations(): readonly MutationsPlan[] {
    const found = mutationsOf(this.call.overrides(this.place)).map(({ mutations }) => mutations);
    return this.plan.mostSpecificWins ? found : found.reverse();
  }

  private change(mutations: readonly FieldMutationPlan[], fields: HeaderList, joined: ReadonlySet<string>): void {
    for (const mutation of mutations) {
      switch (mutation.kind) {
        case "add":
          addHeaders([mutation.field], fields, this.call, joined);
          break;
        case "remove":
          fields.removeName(mutation.name);
          break;
        case "remove_matching":
          removeMatching(fields, tests.get(mutation) as TextTest);
          break;
      }
    }
  }
}

function removeMatching(fields: HeaderList, test: TextTest): void {
  for (const [name] of fields.entries()) if (!name.startsWith(":") && test(name)) fields.removeName(name);
}

function mutationsOf(overrides: readonly FilterOverrideSettings[]): { readonly mutations: MutationsPlan }[] {
  return overrides.flatMap((one) => (one.kind === "header_mutation" ? [one] : []));
}

/** Matchers live as long as their plan, and no request waits for one. */
function compileMatchers({ request, requestTrailers, response, responseTrailers }: MutationsPlan): void {
  for (const mutation of [request, requestTrailers, response, responseTrailers].flat())
    if (mutation.kind === "remove_matching") tests.set(mutation, textTest(mutation.name));
}

const tests = new WeakMap<FieldMutationPlan, TextTest>();
const NONE: ReadonlySet<string> = new Set();
