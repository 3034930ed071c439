// A program that calls `xds:///svc` with gRPC's own xDS client, which reads its bootstrap from a variable of the process: a number of unary
// calls, those with odd numbers failing, and then it waits. Arguments: CALLS.
import { Client, credentials } from "@grpc/grpc-js";
import { register } from "@grpc/grpc-js-xds";

register();
const client = new Client("xds:///svc", credentials.createInsecure());
const keep = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
let ended = 0;
const calls = Number(process.argv[2]);
for (let i = 0; i < calls; i++) {
  client.makeUnaryRequest(`/test.Test/${i % 2 === 0 ? "Succeed" : "Fail"}`, keep, keep, Buffer.alloc(0), () => {
    if (++ended === calls) process.stdout.write("called\n");
  });
}
process.stdin.resume().on("end", () => process.exit(0));
