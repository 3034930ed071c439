// Deliberate differences that one request as bytes does not show, each with what the real Envoy does and what Starling does.
import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "mocha";
import { frame, GET } from "../protocol/h2/support/frame.ts";
import { FrameSocket } from "../support/frame-socket.ts";
import { envoyInstalled, type Program } from "../support/live-proxy.ts";
import { Stage } from "../support/stage.ts";
import { DEVIATIONS } from "./deviations.ts";

/** What happens at a proxy, in a few words, and what it is at each. */
interface Scene {
  readonly theirs: string;
  readonly ours: string;
  readonly manager?: "passing";
  run(port: number): Promise<string>;
}

const SCENES: Readonly<Record<string, Scene>> = {
  "informational answers": {
    theirs: "200",
    ours: "103 103 200",
    run: async (port) => statuses(await talk(port, ["GET /hints HTTP/1.1\r\nhost: a\r\n\r\n"])),
  },
  "informational answers with proxy_100_continue": {
    theirs: "103 200",
    ours: "103 103 200",
    manager: "passing",
    run: async (port) => statuses(await talk(port, ["GET /hints HTTP/1.1\r\nhost: a\r\n\r\n"])),
  },
  "a pooled connection that ended meanwhile": {
    theirs: "200 503",
    ours: "200 200",
    run: async (port) => {
      const get = "GET /once HTTP/1.1\r\nhost: a\r\n\r\n";
      return statuses(await talk(port, [get, get]));
    },
  },
  "a tunnel whose client has said all": {
    theirs: "101",
    ours: "101 last words",
    run: async (port) => {
      const upgrade = "connection: upgrade\r\nupgrade: websocket\r\n";
      const got = await talk(port, [`GET /tunnel HTTP/1.1\r\nhost: a\r\n${upgrade}\r\n`, null]);
      return `${statuses(got)}${/ last words$/.exec(got)?.[0] ?? ""}`;
    },
  },
  "a malformed HTTP/2 message": {
    theirs: "connection",
    ours: "stream, 200",
    run: async (port) => {
      const client = await FrameSocket.open(port);
      const head = (id: number, ...more: [string, string][]): Buffer =>
        frame.headers({ stream: id, fields: [...GET, ...more], end: true });
      client.send(head(1, ["X-Id", "1"]));
      await client.until(() => client.isEnded || client.frames.some(({ type }) => type === "RST_STREAM"));
      client.send(head(3));
      await client.until(() => client.isEnded || client.answered === 1, 1_000);
      const end = client.isEnded ? "connection" : "stream, 200";
      client.end();
      return end;
    },
  },
};

describe("deliberate differences in scenes, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  const stages = new Map<string, Stage>();
  let upstream: Server;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    upstream = createServer(serve);
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    const address = upstream.address();
    assert.ok(address !== null && typeof address === "object");
    const upgrade_configs = [{ upgrade_type: "websocket" }];
    for (const program of ["envoy", "starling"] as const) {
      const open = (manager: object): Promise<Stage> =>
        Stage.start({ program, upstreamPort: address.port, manager: { upgrade_configs, ...manager } });
      stages.set(program, await open({}));
      stages.set(`${program} passing`, await open({ proxy_100_continue: true }));
    }
  });

  after(async () => {
    for (const stage of stages.values()) await stage.stop();
    upstream?.close();
  });

  const seen = (program: Program, { manager, run }: Scene): Promise<string> =>
    run(stages.get(manager === undefined ? program : `${program} ${manager}`)?.port ?? 0);

  for (const [name, scene] of Object.entries(SCENES)) {
    it(`differ: ${name}`, async () => {
      assert.equal(await seen("envoy", scene), scene.theirs);
      assert.equal(await seen("starling", scene), scene.ours);
    });
  }

  it("stand in the table, each with a scene", () => {
    const rows = DEVIATIONS.filter(({ shownBy }) => shownBy === "kinder.full.test.ts").map((one) => one.case);
    assert.deepEqual(rows.sort(), Object.keys(SCENES).sort());
  });
});

/** Sends each text when the answer to the one before has come, `null` for the end of what the client says; answers what came. */
async function talk(port: number, says: readonly (string | null)[]): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  let got = "";
  socket.on("error", () => {});
  socket.on("data", (bytes: Buffer) => {
    got += bytes.toString("latin1");
  });
  for (const text of says) {
    const before = got.length;
    if (text === null) socket.end();
    else socket.write(text);
    // Answers come in parts: quiet for a while is the end of one.
    for (let quietMs = 0, length = before, waitedMs = 0; waitedMs < 3_000 && (quietMs < 400 || length === before); ) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      waitedMs += 50;
      quietMs = got.length === length ? quietMs + 50 : 0;
      length = got.length;
    }
  }
  socket.destroy();
  return got;
}

function statuses(text: string): string {
  return [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status).join(" ");
}

/** Hints before an answer, one answer a connection, or a tunnel with last words, by the path. */
function serve(socket: Socket): void {
  let onces = 0;
  let isTunnel = false;
  socket.on("error", () => {});
  socket.on("end", () => socket.end(isTunnel ? " last words" : ""));
  socket.on("data", (bytes: Buffer) => {
    const text = bytes.toString("latin1");
    if (text.includes(" /once ") && ++onces > 1) socket.destroy();
    else if (text.includes(" /tunnel ")) {
      isTunnel = true;
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    } else socket.write(`${text.includes(" /hints ") ? HINTS : ""}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`);
  });
}

const HINTS = "HTTP/1.1 103 Early Hints\r\nlink: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: 2\r\n\r\n";
