// The runtime discovery protocol of one layer, without sockets: what is sent when a stream begins, and what is answered to each response.
// Used by rtds-client.ts for streams, and by the source of layers from files for its checks.
import { runtimeEntries } from "../../config/compile/runtime-entries.ts";
import type { JsonValue } from "../../config/load/checked.ts";
import { loadJsonValue, loadWireMessage } from "../../config/load/load-wire.ts";
import { toProtoJson } from "../../config/load/to-proto-json.ts";
import { toWire } from "../../config/load/write-wire.ts";
import type { NodePlan } from "../../config/plan/plan.ts";
import type { RuntimeEntries } from "../../config/plan/runtime.ts";

/** What a session is about. */
export interface RtdsTerms {
  readonly resource: string;
  readonly dialect: "sotw" | "delta";
  readonly node: NodePlan;
}

/** What came of a response. `reply`: for the server. */
export interface RtdsOutcome {
  /** What the layer says now; null: as before. */
  readonly entries: RuntimeEntries | null;
  /** Why the response is not taken; empty: it is. */
  readonly refusal: string;
  readonly reply: Uint8Array;
}

/** The one subscription of a layer; it outlives its streams. */
export class RtdsSession {
  private readonly terms: RtdsTerms;
  /** Of the last response that was taken. */
  private version = "";

  constructor(terms: RtdsTerms) {
    this.terms = terms;
  }

  /** What a new stream begins with: who asks, and for what; with what is held already. */
  first(): Uint8Array {
    const { resource, dialect } = this.terms;
    if (dialect === "sotw") return this.request({ version_info: this.version, resource_names: [resource] });
    const held = this.version === "" ? {} : { [resource]: this.version };
    return this.request({ resource_names_subscribe: [resource], initial_resource_versions: held });
  }

  /** Takes a response, or says what is wrong with it. */
  receive(bytes: Uint8Array): RtdsOutcome {
    const { dialect } = this.terms;
    const { message, errors } = loadWireMessage(bytes, RESPONSES[dialect], "runtime discovery");
    const response = message === null ? {} : toProtoJson(message);
    const nonce = textOf(response["nonce"]);
    const own = ofResource(this.terms, response);
    if (message !== null && own === null) {
      // Of other resources nobody has asked for: taken and of no effect, as in Envoy.
      if (dialect === "sotw") this.version = textOf(response["version_info"]);
      return { entries: null, refusal: "", reply: this.answer(nonce, "") };
    }
    const taken = own === null ? new Error(errors[0]?.message ?? "") : takeResponse(this.terms, own);
    if (taken instanceof Error) {
      return { entries: null, refusal: taken.message, reply: this.answer(nonce, taken.message) };
    }
    this.version = taken.version;
    return { entries: taken.entries, refusal: "", reply: this.answer(nonce, "") };
  }

  private answer(nonce: string, refusal: string): Uint8Array {
    const error = refusal === "" ? {} : { error_detail: { code: INTERNAL, message: refusal } };
    const held =
      this.terms.dialect === "sotw" ? { version_info: this.version, resource_names: [this.terms.resource] } : {};
    return this.request({ ...held, response_nonce: nonce, ...error });
  }

  private request(fields: Readonly<Record<string, JsonValue>>): Uint8Array {
    // As Envoy each one says who asks.
    const common = { type_url: TYPE_URL, node: nodeJson(this.terms.node) };
    const { message } = loadJsonValue({ ...common, ...fields }, REQUESTS[this.terms.dialect], "own request");
    if (message === null) throw new TypeError("a request that does not fit its own type");
    return toWire(message);
  }
}

/** A response without what it says of other resources; null: it says nothing of this one. */
function ofResource({ resource, dialect }: RtdsTerms, response: Response): Response | null {
  const all = (response["resources"] ?? []) as readonly Response[];
  // What a resource of a delta is called stands beside it.
  const resources = all.filter((one) => (one["name"] ?? "") === resource);
  const removed = ((response["removed_resources"] ?? []) as readonly string[]).filter((name) => name === resource);
  if (resources.length + removed.length === 0) return null;
  return { ...response, resources, ...(dialect === "delta" ? { removed_resources: removed } : {}) };
}

type Response = Readonly<Record<string, JsonValue>>;

/** What a response says of the resource, checked and refused in Envoy's words. `response`: in proto3's JSON form. */
export function takeResponse(
  { resource, dialect }: Omit<RtdsTerms, "node">,
  response: Readonly<Record<string, JsonValue>>,
): { readonly entries: RuntimeEntries; readonly version: string } | Error {
  const added = (response["resources"] ?? []) as readonly Readonly<Record<string, JsonValue>>[];
  const removed = (response["removed_resources"] ?? []) as readonly string[];
  if (added.length + removed.length !== 1) return new Error(wrongCount(added.length, removed.length));
  const [first] = added;
  if (first === undefined) {
    if (removed[0] !== resource) {
      return new Error(`Unexpected removal of unknown RTDS runtime layer ${removed[0]}, expected ${resource}`);
    }
    return { entries: {}, version: "" };
  }
  const runtime = (dialect === "delta" ? first["resource"] : first) as Readonly<Record<string, JsonValue>> | undefined;
  if (runtime?.["@type"] !== TYPE_URL) return new Error(`Unexpected resource type ${textOf(runtime?.["@type"])}`);
  const name = textOf(runtime["name"]);
  if (name !== resource) return new Error(`Unexpected RTDS runtime (expecting ${resource}): ${name}`);
  const entries = runtimeEntries(runtime["layer"] ?? {});
  if (entries instanceof Error) return entries;
  return { entries, version: textOf(dialect === "delta" ? first["version"] : response["version_info"]) };
}

function wrongCount(added: number, removed: number): string {
  return `Unexpected RTDS resource length, number of added resources ${added}, number of removed resources ${removed}`;
}

function nodeJson({ id, cluster, region, zone, subZone, metadata }: NodePlan): JsonValue {
  const locality = { region, zone, sub_zone: subZone };
  return { id, cluster, locality, metadata: metadata as JsonValue, user_agent_name: "starling" };
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

const TYPE_URL = "type.googleapis.com/envoy.service.runtime.v3.Runtime";
const REQUESTS = {
  sotw: "envoy.service.discovery.v3.DiscoveryRequest",
  delta: "envoy.service.discovery.v3.DeltaDiscoveryRequest",
};
const RESPONSES = {
  sotw: "envoy.service.discovery.v3.DiscoveryResponse",
  delta: "envoy.service.discovery.v3.DeltaDiscoveryResponse",
};
const INTERNAL = 13;
