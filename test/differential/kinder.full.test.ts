// Deliberate differences that one request as bytes does not show, each with what the real Envoy does and what Starling does.
import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "mocha";
import { frame, GET } from "../protocol/h2/support/frame.ts";
import { FrameSocket } from "../support/frame-socket.ts";
import { envoyInstalled, type Program } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { answering, managerFilter } from "../support/proxy-file.ts";
import { Stage } from "../support/stage.ts";
import { DEVIATIONS } from "./deviations.ts";

/** What happens at a proxy, in a few words, and what it is at each. */
interface Scene {
  readonly theirs: string;
  readonly ours: string;
  /** Absent: the plain one. */
  readonly stage?: "passing" | "inspecting";
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
    stage: "passing",
    run: async (port) => statuses(await talk(port, ["GET /hints HTTP/1.1\r\nhost: a\r\n\r\n"])),
  },
  "fewer than five bytes before tls_inspector": {
    theirs: "closed",
    ours: "200",
    stage: "inspecting",
    run: async (port) => statuses(await talk(port, ["GE", "T / HTTP/1.1\r\nhost: a\r\n\r\n"])) || "closed",
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
      await client.until(() => client.isEnded || client.answered === 1);
      client.end();
      if (client.isEnded) return "connection";
      return client.answered === 1 ? "stream, 200" : "stream";
    },
  },
};

describe("deliberate differences in scenes, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  const stages = new Map<string, Stage>();
  let upstream: Server;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    upstream = createServer({ allowHalfOpen: true }, serve);
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    const address = upstream.address();
    assert.ok(address !== null && typeof address === "object");
    const upgrade_configs = [{ upgrade_type: "websocket" }];
    for (const program of ["envoy", "starling"] as const) {
      const open = (manager: object, more: object = {}): Promise<Stage> =>
        Stage.start({ program, upstreamPort: address.port, manager: { upgrade_configs, ...manager }, ...more });
      stages.set(program, await open({}));
      stages.set(`${program} passing`, await open({ proxy_100_continue: true }));
      const filterChains = [{ filters: [managerFilter({ route_config: answering("all") })] }];
      stages.set(
        `${program} inspecting`,
        await open({}, { filterChains, listener: { listener_filters_timeout: "0.5s" } }),
      );
    }
  });

  after(async () => {
    for (const stage of stages.values()) await stage.stop();
    upstream?.close();
  });

  const seen = (program: Program, { stage, run }: Scene): Promise<string> =>
    run(stages.get(stage === undefined ? program : `${program} ${stage}`)?.port ?? 0);

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
  let isOver = false;
  socket.on("error", () => {});
  socket.on("data", (bytes: Buffer) => {
    got += bytes.toString("latin1");
  });
  for (const end of ["end", "close"]) {
    socket.on(end, () => {
      isOver = true;
    });
  }
  for (const text of says) {
    const { length } = got;
    if (text === null) socket.end();
    else socket.write(text);
    // Nobody answers half a head; the inspector's time-out is over then.
    const endMs = performance.now() + (text?.endsWith("\r\n\r\n") === false ? 1_500 : Number.POSITIVE_INFINITY);
    await eventually(() => isOver || performance.now() > endMs || (text !== null && isWhole(got.slice(length))));
  }
  socket.destroy();
  return got;
}

/** Whether a text has a final answer with its whole body, or has switched protocols. */
function isWhole(text: string): boolean {
  const head = /HTTP\/1\.1 (?:101|[2-5]\d\d) .*?\r\n\r\n/s.exec(text);
  const length = Number(/^content-length: (\d+)/im.exec(head?.[0] ?? "")?.[1] ?? 0);
  return head !== null && text.length >= head.index + head[0].length + length;
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
