import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, describe, it } from "mocha";
import { OneWorker, oneCluster } from "../support/one-worker.ts";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  readonly trailers: Readonly<Record<string, unknown>>;
}

const MIB = "x".repeat(1024 * 1024);

describe("one worker between real sockets", () => {
  const closers: (() => Promise<void>)[] = [];
  let worker: OneWorker | null = null;

  afterEach(async () => {
    assert.deepEqual(await worker?.stop(), []);
    for (const close of closers.splice(0).toReversed()) await close();
  });

  async function http1Backend(handler: http.RequestListener): Promise<number> {
    const server = http.createServer(handler);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    closers.push(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    });
    return (server.address() as AddressInfo).port;
  }

  async function http2Backend(handler: (stream: http2.ServerHttp2Stream, path: string) => void): Promise<number> {
    const server = http2.createServer();
    server.on("stream", (stream, headers) => handler(stream, String(headers[":path"])));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const sessions = new Set<http2.ServerHttp2Session>();
    server.on("session", (session) => sessions.add(session));
    closers.push(async () => {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    });
    return (server.address() as AddressInfo).port;
  }

  async function proxy(yaml: string): Promise<number> {
    worker = await OneWorker.start(yaml);
    return worker.port;
  }

  function agentOf(): http.Agent {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    closers.push(async () => agent.destroy());
    return agent;
  }

  async function get1(port: number, options: http.RequestOptions & { body?: string } = {}): Promise<Answer> {
    const request = http.request({ host: "127.0.0.1", port, ...options });
    request.end(options.body);
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    const body = await textOf(response);
    return { status: response.statusCode ?? 0, headers: response.headers, body, trailers: response.trailers };
  }

  function client2(port: number): http2.ClientHttp2Session {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    session.on("error", () => {}); // the worker stops before its clients
    closers.push(async () => session.destroy());
    return session;
  }

  async function get2(session: http2.ClientHttp2Session, path: string, body?: string): Promise<Answer> {
    const stream = session.request({ ":path": path, ":method": body === undefined ? "GET" : "POST" });
    let trailers: Answer["trailers"] = {};
    stream.on("trailers", (fields) => {
      trailers = fields;
    });
    stream.end(body);
    const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    const text = await textOf(stream);
    return { status: Number(headers[":status"]), headers, body: text, trailers };
  }

  it("carries HTTP/1 to HTTP/1 and back, again and again on the same connections", async () => {
    let connections = 0;
    const backend = await http1Backend((request, response) => {
      if (request.socket.listenerCount("seen") === 0) connections++;
      request.socket.once("seen", () => {});
      response.end(
        `you asked ${request.url} with ${request.headers["x-request-id"] === undefined ? "no id" : "an id"}`,
      );
    });
    const port = await proxy(oneCluster([backend]));
    const agent = agentOf();
    for (const path of ["/a", "/b", "/c"]) {
      const answer = await get1(port, { agent, path });
      assert.equal(answer.body, `you asked ${path} with an id`);
      assert.equal(answer.headers["server"], "envoy");
    }
    assert.equal(connections, 1);
  });

  it("carries HTTP/2 to HTTP/1", async () => {
    const backend = await http1Backend((request, response) => response.end(`you asked ${request.url}`));
    const session = client2(await proxy(oneCluster([backend])));
    const answers = await Promise.all(["/a", "/b", "/c"].map((path) => get2(session, path)));
    assert.deepEqual(
      answers.map(({ body }) => body),
      ["you asked /a", "you asked /b", "you asked /c"],
    );
    assert.equal(answers[0]?.headers["x-envoy-upstream-service-time"] !== undefined, true);
  });

  it("carries HTTP/1 to HTTP/2", async () => {
    const backend = await http2Backend((stream, path) => {
      stream.respond({ ":status": 200, "x-path": path });
      stream.end("from h2");
    });
    const port = await proxy(oneCluster([backend], { http2: true }));
    const answer = await get1(port, { path: "/q?x=1" });
    assert.equal(answer.body, "from h2");
    assert.equal(answer.headers["x-path"], "/q?x=1");
  });

  it("carries trailers from HTTP/2 to HTTP/2, as gRPC needs them", async () => {
    const backend = await http2Backend((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end("message");
    });
    const session = client2(await proxy(oneCluster([backend], { http2: true })));
    const answer = await get2(session, "/s/m", "call");
    assert.equal(answer.body, "message");
    assert.equal(answer.trailers["grpc-status"], "0");
  });

  const echo: http.RequestListener = (request, response) => void request.pipe(response);

  it("carries a large body both ways over HTTP/1", async () => {
    const port = await proxy(oneCluster([await http1Backend(echo)]));
    const answer = await get1(port, { method: "POST", body: MIB });
    assert.equal(answer.body.length, MIB.length);
  });

  it("carries a large body both ways over HTTP/2", async () => {
    const backend = await http2Backend((stream) => {
      stream.respond({ ":status": 200 });
      stream.pipe(stream);
    });
    const session = client2(await proxy(oneCluster([backend], { http2: true })));
    const answers = await Promise.all([get2(session, "/", MIB), get2(session, "/", MIB)]);
    assert.deepEqual(
      answers.map(({ body }) => body.length),
      [MIB.length, MIB.length],
    );
  });

  it("answers 503 for a refused connection, in Envoy's words", async () => {
    const server = http.createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port: dead } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const answer = await get1(await proxy(oneCluster([dead])));
    assert.equal(answer.status, 503);
    assert.equal(
      answer.body,
      "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure",
    );
  });

  it("answers 504 when the upstream takes longer than the route allows", async () => {
    const backend = await http1Backend(() => {});
    const answer = await get1(await proxy(oneCluster([backend], { route: "timeout: 0.05s" })));
    assert.equal(answer.status, 504);
    assert.equal(answer.body, "upstream request timeout");
  });

  it("finds an idle upstream connection dead and takes another, without the client noticing", async () => {
    const backend = await http1Backend((request, response) => {
      response.end(`you asked ${request.url}`);
      // Closes after its answer without having said so: the pool may find out only under the next request.
      response.on("finish", () => setImmediate(() => request.socket.destroy()));
    });
    const port = await proxy(oneCluster([backend]));
    const agent = agentOf();
    for (let i = 0; i < 50; i++) assert.equal((await get1(port, { agent, path: `/${i}` })).body, `you asked /${i}`);
  });
});

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}
