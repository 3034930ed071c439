// The load reporting document as a story: our server, two proxies of either kind, a service behind each, and fifty requests of the script.
import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { LiveProxy, PortMap, type Program as ProxyProgram } from "./live-proxy.ts";
import { eventually } from "./nodes.ts";
import { Program } from "./program.ts";
import { PROJECT, sourceText } from "./source-files.ts";

/** The document's nodes. */
export const DOCUMENT_NODES = ["0022a319e1e2", "2417806c9d9a"] as const;

/** What ran. */
export interface LoadDocument {
  readonly server: Program;
  /** Requests that each service answered. */
  readonly answered: readonly number[];
  /** The first proxy's statistics. */
  stats(filter: string): Promise<string>;
  /** A statistic of the server. */
  serverStat(name: string): Promise<number>;
  stop(): Promise<void>;
}

/** Starts everything and sends the requests. */
export async function runLoadDocument(program: ProxyProgram): Promise<LoadDocument> {
  const ports = new PortMap();
  await ports.take(8181, 8182, 8281, 8282, 8381, 8382, 18_000, 18_001);
  const pages = `127.0.0.1:${ports.get(18_001)}`;
  const server = new Program("lrs-server", "--listen", `:${ports.get(18_000)}`, "--admin", pages);
  await server.says(/LRS Server is up and running on :\d+/);
  const answered = [0, 0];
  const services: Server[] = [];
  const proxies: LiveProxy[] = [];
  const run: LoadDocument = {
    server,
    answered,
    stats: (filter) => statsOf(ports.get(8381), filter),
    serverStat: async (name) => Number(/: (\d+)/.exec(await statsOf(ports.get(18_001), name))?.[1] ?? 0),
    stop: async () => {
      await Promise.all([...proxies.map((proxy) => proxy.stop()), server.end()]);
      for (const service of services) service.close().closeAllConnections();
    },
  };
  try {
    for (const [i, node] of DOCUMENT_NODES.entries()) {
      services.push(await startService(ports.get(8281 + i), () => answered.splice(i, 1, (answered[i] ?? 0) + 1)));
      const yaml = ports.apply(sourceText(`config/load-reporting/http-service-${i + 1}.yaml`));
      const flags = ["--service-cluster", "http_service", "--service-node", node];
      proxies.push(await LiveProxy.start(program, yaml, ports.get(8381 + i), flags));
    }
    // What is sent before a proxy was asked is never reported.
    for (const admin of [8381, 8382]) {
      await eventually(async () => / [1-9]/.test(await statsOf(ports.get(admin), "load_reporter.requests")));
    }
    const script = join(PROJECT, "config/load-reporting/send_requests.sh");
    await promisify(execFile)("bash", [script, `${ports.get(8181)}`, `${ports.get(8182)}`]);
  } catch (error) {
    await run.stop();
    throw error;
  }
  return run;
}

async function startService(port: number, onRequest: () => void): Promise<Server> {
  const service = createServer((_, response) => {
    onRequest();
    response.end("hello\n");
  });
  await new Promise<void>((resolve) => service.listen(port, "127.0.0.1", resolve));
  return service;
}

async function statsOf(adminPort: number, filter: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=${filter}`)).text();
}
