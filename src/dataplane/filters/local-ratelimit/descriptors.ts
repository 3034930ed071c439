// What rate_limits say of a request: each policy makes one descriptor of it, or none.
import { NetworkSet, networkText, parseIp } from "../../../base/ip-address.ts";
import type { RateActionPlan, RatePolicyPlan, RateValuePlan } from "../../../config/plan/rate-limit.ts";
import type { HeaderList } from "../../../protocol/header-list.ts";
import { H } from "../../../protocol/header-names.ts";
import { formatText } from "../../../telemetry/format.ts";
import { headerTest } from "../../routing/header-matcher.ts";
import { queryOf } from "../../routing/path-matcher.ts";
import { queryTest, queryValue } from "../../routing/query-matcher.ts";
import type { FilterCall } from "../filter.ts";
import type { Descriptor } from "./limiter.ts";

/** Makes the descriptor of one policy; null: an action has nothing to say, so there is none. */
export type DescribeRequest = (head: HeaderList, call: FilterCall) => Descriptor | null;

/** A policy made ready. */
export function describer(policy: RatePolicyPlan): DescribeRequest {
  const producers = policy.actions.map(producerOf);
  const { hits, showsHeaders } = policy;
  return (head, call) => {
    const entries: Entry[] = [];
    for (const produce of producers) {
      const entry = produce(head, call);
      if (entry === null) return null;
      if (entry !== SKIPPED) entries.push(entry);
    }
    if (hits === null) return { entries, hits: 1, negative: false, showsHeaders };
    const text = formatText(hits.format, call, "");
    const count = text === "" ? Number.NaN : Number(text);
    if (!(count >= 0 && count <= HITS_MAX)) return null;
    return { entries, hits: Math.floor(count), negative: hits.negative, showsHeaders };
  };
}

type Entry = Descriptor["entries"][number];
type Producer = (head: HeaderList, call: FilterCall) => Entry | null;

function producerOf(action: RateActionPlan): Producer {
  switch (action.kind) {
    case "fixed":
      return () => action;
    case "destination_cluster":
      return (_, call) => ({ key: action.kind, value: call.cluster()?.plan.name ?? "" });
    case "request_header":
      return (head) => given(action, firstField(head, action.name));
    case "query_parameter":
      return (head) => given(action, parameter(head, action.name));
    case "remote_address":
      return (_, call) => ({ key: action.kind, value: call.clientAddress });
    case "masked_remote_address":
      return (_, call) => {
        const bits = call.clientAddress.includes(":") ? action.bits6 : action.bits4;
        const value = networkText(call.clientAddress, bits);
        return value === null ? null : { key: action.kind, value };
      };
    case "generic_key":
      return (_, call) => written(action, call);
    case "header_match": {
      const tests = action.headers.map(headerTest);
      return (head, call) => (tests.every((test) => test(head)) === action.expects ? written(action, call) : null);
    }
    case "query_match": {
      const tests = action.query.map(queryTest);
      return (head, call) => {
        const query = queryOf(head.value(H.PSEUDO_PATH) ?? "");
        return tests.every((test) => test(query)) === action.expects ? written(action, call) : null;
      };
    }
    case "address_match": {
      const networks = new NetworkSet(action.networks);
      return (_, call) => {
        const address = parseIp(call.clientAddress);
        if (address === null) return null;
        return networks.has(address) !== action.inverted ? written(action, call) : null;
      };
    }
  }
}

function given(
  { key, skips }: { readonly key: string; readonly skips: boolean },
  value: string | undefined,
): Entry | null {
  if (value === undefined) return skips ? SKIPPED : null;
  return { key, value };
}

function written({ key, value, otherwise }: RateValuePlan, call: FilterCall): Entry | null {
  const text = formatText(value, call, "") || otherwise;
  return text === "" ? null : { key, value: text };
}

/** The first of several fields of the name, as in Envoy. */
function firstField(head: HeaderList, name: string): string | undefined {
  const at = head.findName(name);
  return at < 0 ? undefined : head.valueText(at);
}

function parameter(head: HeaderList, name: string): string | undefined {
  const query = queryOf(head.value(H.PSEUDO_PATH) ?? "");
  return query === undefined ? undefined : queryValue(query, name);
}

/** An action that is left out while the others go on. */
const SKIPPED: Entry = { key: "", value: "" };
const HITS_MAX = 1_000_000_000;
