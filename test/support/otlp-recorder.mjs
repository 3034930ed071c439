// Stands in a container for an OpenTelemetry collector: takes OTLP over gRPC (4317) and HTTP (4318), and writes each request's message
// to standard output, as one line of base64 after its kind. Node's own modules only.
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";

/** Before each gRPC message: whether it is compressed, and its length. */
const GRPC_PREFIX_BYTES = 5;

createHttp2Server()
  .on("stream", (stream) => {
    record(stream, (body) => {
      process.stdout.write(`grpc ${body.subarray(GRPC_PREFIX_BYTES).toString("base64")}\n`);
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.alloc(GRPC_PREFIX_BYTES));
    });
  })
  .listen(4317);

createServer((request, response) => {
  record(request, (body) => {
    const kind = request.headers["content-type"] === "application/json" ? "json" : "http";
    process.stdout.write(`${kind} ${body.toString("base64")}\n`);
    response.end();
  });
}).listen(4318);

process.on("SIGTERM", () => process.exit(0));

function record(stream, done) {
  const parts = [];
  stream.on("data", (part) => parts.push(part));
  stream.on("end", () => done(Buffer.concat(parts)));
}
