// A client of the load reporting service over gRPC's own library: one stream, whose responses a test takes; and messages as bytes.
import assert from "node:assert/strict";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Client, type ClientDuplexStream, credentials, type Metadata, type StatusObject } from "@grpc/grpc-js";
import type { JsonValue } from "../../src/config/load/checked.ts";
import { loadJsonValue, loadWireMessage } from "../../src/config/load/load-wire.ts";
import { toProtoJson } from "../../src/config/load/to-proto-json.ts";
import { toWire } from "../../src/config/load/write-wire.ts";
import { LRS_METHOD } from "../../src/control/load/server/read-message.ts";
import { eventually } from "./nodes.ts";

/** A message in proto3's JSON form, with names as in the .proto files. */
export type LrsJson = Readonly<Record<string, JsonValue>>;

/** A LoadStatsRequest's bytes. */
export function loadRequest(request: LrsJson): Uint8Array {
  const { message, errors } = loadJsonValue(request, "envoy.service.load_stats.v3.LoadStatsRequest", "test");
  assert.ok(message !== null, JSON.stringify(errors));
  return toWire(message);
}

/** The same with a cluster in which nothing happened after the others: Envoy sends what the .proto file's own rules forbid. */
export function withIdle(request: LrsJson, cluster: string): Uint8Array {
  const writer = new BinaryWriter().raw(loadRequest(request)).tag(2, WireType.LengthDelimited).fork();
  return writer.tag(1, WireType.LengthDelimited).string(cluster).join().finish();
}

/** One cluster's ClusterStats with one locality; `more`: fields of it, over these. */
export function clusterStats(cluster: string, success: number, more: LrsJson = {}): JsonValue {
  const locality = { locality: {}, total_successful_requests: success, total_issued_requests: success };
  return { cluster_name: cluster, upstream_locality_stats: [locality], load_report_interval: "2s", ...more };
}

/** One stream. */
export class LrsClient {
  /** How the stream ended; null while it lives. */
  ended: StatusObject | null = null;
  /** Of the server's headers. */
  headers: Metadata | null = null;
  private readonly waiting: Buffer[] = [];
  private readonly client: Client;
  private readonly call: ClientDuplexStream<Uint8Array, Buffer>;

  constructor(port: number) {
    this.client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), OPTIONS);
    const keep = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
    this.call = this.client.makeBidiStreamRequest(LRS_METHOD, keep, keep);
    this.call.on("data", (bytes: Buffer) => this.waiting.push(bytes));
    this.call.on("error", () => {});
    this.call.on("metadata", (headers) => {
      this.headers = headers;
    });
    this.call.on("status", (status) => {
      this.ended = status;
    });
  }

  /** Responses that came and were not taken. */
  get responses(): number {
    return this.waiting.length;
  }

  send(request: LrsJson): void {
    this.sendBytes(loadRequest(request));
  }

  /** Sends what need not be a request. */
  sendBytes(bytes: Uint8Array): void {
    this.call.write(bytes);
  }

  /** The next response, in proto3's JSON form. */
  async take(): Promise<unknown> {
    await eventually(() => this.waiting.length > 0);
    const bytes = this.waiting.shift() as Buffer;
    const { message, errors } = loadWireMessage(bytes, "envoy.service.load_stats.v3.LoadStatsResponse", "server");
    assert.ok(message !== null, JSON.stringify(errors));
    return toProtoJson(message);
  }

  /** Waits for the stream's end. */
  async end(): Promise<StatusObject> {
    await eventually(() => this.ended !== null);
    return this.ended as StatusObject;
  }

  /** Ends the stream and its connection. */
  close(): void {
    this.call.cancel();
    this.client.close();
  }
}

/** Each client has a connection of its own, and waits for no other's back-off. */
const OPTIONS = { "grpc.enable_http_proxy": 0, "grpc.use_local_subchannel_pool": 1 };
