// A server of the gRPC document, as a program of its own: answers SayHello with its host name. `--help` says how to start it.
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { GREETER, type HelloReply, type HelloRequest } from "./greeter.ts";

const HELP = `usage: greeter-server [--port=50051] [--host=0.0.0.0] [--hostname=NAME]
Answers helloworld.Greeter/SayHello with 'hostname:NAME, in:<the name that was asked>'. A name errN is answered with
status N, a name slowN after N ms.
`;

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "50051" },
    host: { type: "string", default: "0.0.0.0" },
    hostname: { type: "string", default: hostname() },
    help: { type: "boolean", default: false },
  },
});
if (values.help) process.stdout.write(HELP);
else serve();

function serve(): void {
  const server = new Server();
  server.addService(GREETER, { SayHello: sayHello });
  server.bindAsync(`${values.host}:${values.port}`, ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) {
      process.stderr.write(`greeter-server: ${error.message}\n`);
      process.exit(1);
    }
    process.stdout.write(`${values.hostname} listens on ${values.host}:${port}\n`);
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => server.forceShutdown());
}

function sayHello(call: ServerUnaryCall<HelloRequest, HelloReply>, done: sendUnaryData<HelloReply>): void {
  const { name } = call.request;
  const [, kind, digits] = /^(err|slow)(\d{1,5})$/.exec(name) ?? [];
  if (kind === "err") {
    done({ code: Number(digits), details: `asked for ${digits}` });
    return;
  }
  const answer = (): void => done(null, { message: `hostname:${values.hostname}, in:${name}` });
  if (kind === "slow") setTimeout(answer, Number(digits));
  else answer();
}
