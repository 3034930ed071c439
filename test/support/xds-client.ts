// An xDS client over gRPC's own library: one stream of one variant, whose responses a test takes and answers as it likes.
import assert from "node:assert/strict";
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  type StatusObject,
} from "@grpc/grpc-js";
import type { JsonValue } from "../../src/config/load/checked.ts";
import { loadJsonValue, loadWireMessage } from "../../src/config/load/load-wire.ts";
import { toProtoJson } from "../../src/config/load/to-proto-json.ts";
import { toWire } from "../../src/config/load/write-wire.ts";
import { eventually } from "./nodes.ts";

/** The type that EDS serves. */
export const ASSIGNMENT_URL = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";

/** A response in proto3's JSON form with names as in the .proto files. */
export interface XdsResponse {
  readonly version_info?: string;
  readonly nonce?: string;
  readonly type_url?: string;
  readonly resources?: readonly JsonValue[];
  readonly removed_resources?: readonly string[];
}

/** The four methods. */
export const XDS_METHODS = {
  sotw: "/envoy.service.endpoint.v3.EndpointDiscoveryService/StreamEndpoints",
  delta: "/envoy.service.endpoint.v3.EndpointDiscoveryService/DeltaEndpoints",
  adsSotw: "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources",
  adsDelta: "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
} as const;

/** One stream. */
export class XdsClient {
  /** How the stream ended; null while it lives. */
  ended: StatusObject | null = null;
  /** Responses that came and were not taken. */
  private readonly waiting: Buffer[] = [];
  private readonly client: Client;
  private readonly call: ClientDuplexStream<Uint8Array, Buffer>;
  private readonly types: { readonly request: string; readonly response: string };

  /** `as`: default cleartext. */
  constructor(port: number, method: keyof typeof XDS_METHODS, as: ChannelCredentials = credentials.createInsecure()) {
    const isDelta = method.toLowerCase().endsWith("delta");
    const prefix = `envoy.service.discovery.v3.${isDelta ? "Delta" : ""}Discovery`;
    this.types = { request: `${prefix}Request`, response: `${prefix}Response` };
    this.client = new Client(`127.0.0.1:${port}`, as, OPTIONS);
    const keep = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
    this.call = this.client.makeBidiStreamRequest(XDS_METHODS[method], keep, keep);
    this.call.on("data", (bytes: Buffer) => this.waiting.push(bytes));
    this.call.on("error", () => {});
    this.call.on("status", (status) => {
      this.ended = status;
    });
  }

  /** Whether a response waits. */
  get hasMore(): boolean {
    return this.waiting.length > 0;
  }

  /** Sends a request in proto3's JSON form. */
  send(request: Readonly<Record<string, JsonValue>>): void {
    const { message, errors } = loadJsonValue(request, this.types.request, "test");
    assert.ok(message !== null, JSON.stringify(errors));
    this.sendBytes(toWire(message));
  }

  /** Sends what need not be a request. */
  sendBytes(bytes: Uint8Array): void {
    this.call.write(bytes);
  }

  /** The next response. */
  async take(): Promise<XdsResponse> {
    await eventually(() => this.waiting.length > 0);
    return this.read(this.waiting.shift());
  }

  /** The newest response, those before it thrown away; waits for one when there is none. */
  async takeNewest(): Promise<XdsResponse> {
    await eventually(() => this.waiting.length > 0);
    return this.read(this.waiting.splice(0).at(-1));
  }

  /** Takes the next response without looking at it. */
  async skip(): Promise<void> {
    await eventually(() => this.waiting.length > 0);
    this.waiting.shift();
  }

  /** Reads no more until `resume`. */
  pause(): void {
    this.call.pause();
  }

  resume(): void {
    this.call.resume();
  }

  /** Ends the stream and its connection. */
  close(): void {
    this.call.cancel();
    this.client.close();
  }

  private read(bytes: Buffer | undefined): XdsResponse {
    assert.ok(bytes !== undefined);
    const { message, errors } = loadWireMessage(bytes, this.types.response, "server");
    assert.ok(message !== null, JSON.stringify(errors));
    return toProtoJson(message) as unknown as XdsResponse;
  }
}

/** `port:STATUS` of each endpoint of an assignment, in order. */
export function statusesOf(assignment: JsonValue | undefined): string[] {
  const { endpoints = [] } = assignment as unknown as Assignment;
  return endpoints.flatMap(({ lb_endpoints }) =>
    lb_endpoints.map(
      ({ endpoint, health_status }) => `${endpoint.address.socket_address.port_value}:${health_status ?? "UNKNOWN"}`,
    ),
  );
}

/** Each client has a connection of its own, and waits for no other's back-off. */
const OPTIONS = { "grpc.enable_http_proxy": 0, "grpc.use_local_subchannel_pool": 1 };

interface Assignment {
  readonly endpoints?: readonly {
    readonly lb_endpoints: readonly {
      readonly health_status?: string;
      readonly endpoint: { readonly address: { readonly socket_address: { readonly port_value: number } } };
    }[];
  }[];
}
