// gRPC's own xDS client as a client of our server of load reports.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { type MethodDefinition, Server, ServerCredentials, status } from "@grpc/grpc-js";
import { after, before, describe, it } from "mocha";
import { eventually } from "../support/nodes.ts";
import { Program } from "../support/program.ts";
import { PROJECT } from "../support/source-files.ts";
import { type ManagementServer, startManagementServer } from "../support/xds-management-server.ts";

const CALLS = 20;
let backend: Server;
let server: Program;
let management: ManagementServer;
let caller: ChildProcess;
let adminPort = "";

/** Answers Succeed, refuses Fail. */
async function startBackend(): Promise<number> {
  const keep = (bytes: Buffer): Buffer => bytes;
  const method = (name: string): MethodDefinition<Buffer, Buffer> => ({
    ...{ path: `/test.Test/${name}`, requestStream: false, responseStream: false },
    ...{ requestSerialize: keep, requestDeserialize: keep, responseSerialize: keep, responseDeserialize: keep },
  });
  backend = new Server();
  backend.addService(
    { succeed: method("Succeed"), fail: method("Fail") },
    {
      succeed: (_: unknown, answer: (error: null, bytes: Buffer) => void) => answer(null, Buffer.alloc(0)),
      fail: (_: unknown, answer: (error: object) => void) => answer({ code: status.UNAVAILABLE }),
    },
  );
  return new Promise((resolve, reject) => {
    backend.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

async function stat(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=^${name}$`)).text();
  return Number(/: (\d+)/.exec(text)?.[1] ?? 0);
}

describe("grpc-js-xds and a server of load reports", function () {
  this.timeout(30_000);

  before(async () => {
    server = new Program("lrs-server", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0");
    const [, port] = await server.says(/running on 127\.0\.0\.1:(\d+)/);
    adminPort = (await server.says(/shown on port (\d+)/))[1] ?? "";
    management = await startManagementServer(await startBackend(), Number(port));
    const bootstrap = {
      xds_servers: [
        {
          server_uri: `127.0.0.1:${management.port}`,
          channel_creds: [{ type: "insecure" }],
          server_features: ["xds_v3"],
        },
      ],
      node: { id: "caller", cluster: "shop", locality: {} },
    };
    const program = join(PROJECT, "test/support/xds-caller.ts");
    caller = spawn(process.execPath, [program, `${CALLS}`], {
      env: { ...process.env, GRPC_XDS_BOOTSTRAP_CONFIG: JSON.stringify(bootstrap), no_proxy: "*" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    // It says so when its calls are over: it loads much before.
    await once(caller.stdout as Readable, "data");
  });

  after(async () => {
    caller.kill("SIGKILL");
    management.close();
    backend.forceShutdown();
    await server.end();
  });

  it("reports each of its calls once, with its locality and the name of its service", async () => {
    await eventually(async () => (await stat("cluster.local_service.rq_total")) === CALLS);
    // What is over may be told by a later report than what was begun.
    for (const outcome of ["rq_error", "rq_success"]) {
      await eventually(async () => (await stat(`cluster.local_service.${outcome}`)) === CALLS / 2);
    }
    assert.equal(await stat("cluster.local_service.locality.r1/z1/.rq_success"), CALLS / 2);
    const [line = ""] = await server.says(/Got stats from cluster `shop` node `caller` - .*/);
    assert.match(line, /cluster_name:"local_service" upstream_locality_stats:<locality:<region:"r1" zone:"z1" /);
    assert.match(line, / cluster_service_name:"shop"$/);
  });
});
