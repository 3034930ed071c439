// The client of the gRPC document, as a program of its own: one channel that is kept, and either an HTTP page that calls through it or a
// number of calls at once. `--help` says how to start it.
import { parseArgs } from "node:util";
import { type Client, credentials, type Metadata, makeClientConstructor, type ServiceError } from "@grpc/grpc-js";
import { GREETER, type HelloReply, type HelloRequest } from "./greeter.ts";
import { createServer } from "./node-http.ts";

const HELP = `usage: greeter-client --target=HOST:PORT [--calls=12] [--name=world] [--verbose]
       greeter-client --port=8081 [--host=0.0.0.0] [--service=NAME=HOST:PORT ...]
The first makes calls one after the other on one channel and prints each answer. The second serves
GET /grpc_client?name=NAME and calls that service through the channel it keeps for it; a name that no --service
gives is looked up as NAME:50051.
`;

const { values } = parseArgs({
  options: {
    target: { type: "string", default: "" },
    calls: { type: "string", default: "12" },
    name: { type: "string", default: "world" },
    verbose: { type: "boolean", default: false },
    port: { type: "string", default: "" },
    host: { type: "string", default: "0.0.0.0" },
    service: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", default: false },
  },
});

/** The client of grpc-js with its one method. */
type Greeter = Client & {
  SayHello(
    request: HelloRequest,
    done: (error: ServiceError | null, reply?: HelloReply) => void,
  ): { on(event: "metadata" | "status", listener: (seen: never) => void): void };
};

const GreeterClient = makeClientConstructor(GREETER, "Greeter");

if (values.help || (values.target === "" && values.port === "")) process.stdout.write(HELP);
else if (values.target !== "") await callInTurn(channelTo(values.target), Number(values.calls));
else servePage();

function channelTo(target: string): Greeter {
  return new GreeterClient(target, credentials.createInsecure()) as unknown as Greeter;
}

async function callInTurn(channel: Greeter, calls: number): Promise<void> {
  for (let i = 0; i < calls; i++) process.stdout.write(`${await say(channel, values.name)}\n`);
  channel.close();
}

/** One call: its answer, or its error, as a line. */
function say(channel: Greeter, name: string): Promise<string> {
  return new Promise((resolve) => {
    const lines: string[] = [];
    const call = channel.SayHello({ name }, (error, reply) => {
      if (error === null) lines.push(`Greeting: ${reply?.message ?? ""}`);
      else lines.push(`ERROR code=${error.code} details=${error.details} meta=${json(error.metadata)}`);
      if (!values.verbose) resolve(lines.join("\n"));
    });
    if (!values.verbose) return;
    call.on("metadata", (metadata: Metadata) => lines.push(`initial ${json(metadata)}`));
    call.on("status", (status: { code: number; metadata: Metadata }) => {
      lines.push(`trailing ${status.code} ${json(status.metadata)}`);
      setImmediate(() => resolve(lines.join("\n")));
    });
  });
}

function json(metadata: Metadata): string {
  return JSON.stringify(metadata.getMap());
}

function servePage(): void {
  const targets = new Map(values.service.map((one) => one.split("=", 2) as [string, string]));
  const channels = new Map<string, Greeter>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://client");
    const name = url.searchParams.get("name") ?? "";
    if (url.pathname !== "/grpc_client" || name === "") {
      response.writeHead(404).end("GET /grpc_client?name=SERVICE\n");
      return;
    }
    const channel = channels.get(name) ?? channelTo(targets.get(name) ?? `${name}:50051`);
    channels.set(name, channel);
    void say(channel, values.name).then((line) => response.end(`${line}\n`));
  });
  server.listen(Number(values.port), values.host, () => {
    process.stdout.write(`greeter-client listens on ${values.host}:${values.port}\n`);
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      server.close();
      server.closeAllConnections();
      for (const channel of channels.values()) channel.close();
    });
  }
}
