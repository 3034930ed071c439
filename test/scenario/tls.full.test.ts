// TLS of the running program with two workers: sessions resume on either, and the client's hello chooses chain and protocol.
import assert from "node:assert/strict";
import { connect, type SecureVersion } from "node:tls";
import { after, before, describe, it } from "mocha";
import { answering, managerFilter, tlsSocket } from "../support/proxy-file.ts";
import { Stage } from "../support/stage.ts";

const CONNECTIONS = 100;
const RESUMED_MIN = 95;

/** What one connection found. */
interface Visit {
  readonly resumed: boolean;
  readonly alpn: string;
  /** Body of the answer over HTTP/1.1, empty where HTTP/2 was agreed. */
  readonly body: string;
  readonly session: Buffer | undefined;
}

describe("TLS over two workers", () => {
  let stage: Stage;

  before(async () => {
    const chain = (name: string, match: unknown, alpn: readonly string[]): unknown => ({
      name,
      filter_chain_match: match,
      filters: [managerFilter({ route_config: answering(name) })],
      transport_socket: tlsSocket(alpn),
    });
    const filterChains = [
      chain("exact", { server_names: ["a.example"] }, ["h2", "http/1.1"]),
      chain("wildcard", { server_names: ["*.example"] }, ["http/1.1"]),
      chain("by protocol", { server_names: ["c.test"], application_protocols: ["h2"] }, ["h2"]),
      chain("without a name", {}, ["http/1.1"]),
    ];
    stage = await Stage.start({ upstreamPort: 1, filterChains, flags: ["--concurrency", "2"] });
  });

  after(() => stage?.stop());

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    it(`resumes at least ${RESUMED_MIN} of ${CONNECTIONS} sessions with ${version}`, async () => {
      let { session } = await visit(stage.port, { name: "b.example", version });
      const reusedBefore = await reused();
      let resumed = 0;
      for (let i = 0; i < CONNECTIONS; i++) {
        const found = await visit(stage.port, { name: "b.example", version, session });
        assert.equal(found.body, "wildcard");
        if (found.resumed) resumed++;
        session = found.session ?? session;
      }
      console.log(`      ${resumed} of ${CONNECTIONS} resumed`);
      assert.ok(resumed >= RESUMED_MIN, `${resumed} resumed`);
      assert.equal((await reused()) - reusedBefore, resumed, "the counter says the same");
    });
  }

  it("did so on both workers", async () => {
    const stats = await stage.stats();
    const totals = [...stats]
      .filter(([name]) => /worker_\d\.downstream_cx_total$/.test(name))
      .map(([, value]) => value);
    assert.equal(totals.length, 2);
    for (const total of totals) assert.ok(total >= CONNECTIONS / 4, `${totals} connections`);
  });

  for (const [name, alpn, agreed, body] of [
    ["a.example", ["http/1.1"], "http/1.1", "exact"],
    ["a.example", ["h2", "http/1.1"], "h2", ""],
    ["A.Example", ["http/1.1"], "http/1.1", "exact"],
    ["b.example", ["h2", "http/1.1"], "http/1.1", "wildcard"],
    ["deep.b.example", ["http/1.1"], "http/1.1", "wildcard"],
    ["c.test", ["h2"], "h2", ""],
    ["elsewhere.test", ["http/1.1"], "http/1.1", "without a name"],
  ] as const) {
    it(`gives ${name} with ${alpn.join(" and ")} ${agreed}${body === "" ? "" : ` and the chain ${body}`}`, async () => {
      const found = await visit(stage.port, { name, alpn });
      assert.deepEqual([found.alpn, found.body], [agreed, body]);
    });
  }

  async function reused(): Promise<number> {
    const stats = await stage.stats();
    return [...stats].reduce((sum, [name, value]) => (name.endsWith("ssl.session_reused") ? sum + value : sum), 0);
  }
});

/** Connects, asks once over HTTP/1.1, and closes. */
function visit(
  port: number,
  how: {
    readonly name: string;
    readonly version?: SecureVersion;
    readonly session?: Buffer | undefined;
    readonly alpn?: readonly string[];
  },
): Promise<Visit> {
  return new Promise((resolve, reject) => {
    const { version, session } = how;
    const socket = connect({
      port,
      host: "127.0.0.1",
      servername: how.name,
      rejectUnauthorized: false,
      ALPNProtocols: [...(how.alpn ?? ["http/1.1"])],
      ...(version === undefined ? {} : { minVersion: version, maxVersion: version }),
      ...(session === undefined ? {} : { session }),
    });
    let text = "";
    let ticket: Buffer | undefined;
    const finish = (body: string): void => {
      resolve({ resumed: socket.isSessionReused(), alpn: socket.alpnProtocol || "", body, session: ticket });
      socket.destroy();
    };
    socket.on("session", (given: Buffer) => {
      ticket = given;
    });
    socket.on("error", reject);
    socket.on("secureConnect", () => {
      if (socket.alpnProtocol === "h2") finish("");
      else socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    });
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      const [, length = "", body = ""] = /content-length: (\d+)\r\n.*?\r\n\r\n(.*)$/s.exec(text) ?? [];
      if (length !== "" && body.length === Number(length)) finish(body);
    });
  });
}
