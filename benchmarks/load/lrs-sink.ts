// A load-report server that asks for one cluster by endpoint every second, acknowledges, counts bytes, and reads nothing of them: it shares a core.
import { type handleBidiStreamingCall, Metadata, Server, ServerCredentials } from "@grpc/grpc-js";
import { loadJsonValue } from "../../src/config/load/load-wire.ts";
import { toWire } from "../../src/config/load/write-wire.ts";
import { bytesMethod } from "../../src/control/grpc/bidi-server.ts";
import { LRS_METHOD } from "../../src/control/load/server/read-message.ts";

/** What it got. */
export interface LrsSink {
  readonly port: number;
  reports: number;
  bytes: number;
  stop(): void;
}

/** Starts one that asks for this cluster. */
export async function startLrsSink(cluster: string): Promise<LrsSink> {
  const ask = { clusters: [cluster], load_reporting_interval: "1s", report_endpoint_granularity: true };
  const { message } = loadJsonValue(ask, "envoy.service.load_stats.v3.LoadStatsResponse", "benchmark");
  if (message === null) throw new Error("no LoadStatsResponse");
  const response = toWire(message);
  const server = new Server({ "grpc.max_receive_message_length": 64 << 20 });
  const method = bytesMethod(LRS_METHOD);
  const seen = { reports: 0, bytes: 0 };
  const handle: handleBidiStreamingCall<Uint8Array, Uint8Array> = (call) => {
    const ours = new Metadata();
    ours.set("starling-lrs", "1");
    call.sendMetadata(ours);
    call.on("data", (bytes: Uint8Array) => {
      seen.reports++;
      seen.bytes += bytes.length;
      call.write(response);
    });
    call.on("end", () => call.end());
    call.on("error", () => {});
  };
  server.addService({ stream: method }, { stream: handle });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return Object.assign(seen, { port, stop: () => server.forceShutdown() });
}
