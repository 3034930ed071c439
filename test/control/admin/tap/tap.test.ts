import assert from "node:assert/strict";
import { get, type IncomingMessage } from "node:http";
import { after, before, describe, it } from "mocha";
import { loadPlan } from "../../../../src/config/compile/load-plan.ts";
import type { RunningNode } from "../../../../src/supervisor/node.ts";
import type { TappedRequest } from "../../../../src/telemetry/request-watch.ts";
import { askAdmin } from "../../../support/admin-client.ts";
import { endpointAt, staticCluster } from "../../../support/file-parts.ts";
import { eventually, portOf, startTestNode } from "../../../support/nodes.ts";
import { nodeFile } from "../../../support/proxy-file.ts";

const FILE = nodeFile(
  {
    routes: [
      { match: { prefix: "/up" }, route: { cluster: "nobody" } },
      {
        name: "direct",
        match: { prefix: "/" },
        direct_response: { status: 200, body: { inline_string: "hello" } },
      },
    ],
  },
  [{ ...staticCluster("nobody", endpointAt(1)), connect_timeout: "1s" }],
);

let node: RunningNode;
let port = 0;

/** A reader of the tap, as curl is one. */
class Reader {
  text = "";
  isOver = false;
  readonly head: IncomingMessage;

  private constructor(head: IncomingMessage) {
    this.head = head;
    head.on("data", (chunk: Buffer) => {
      this.text += chunk.toString();
    });
    head.on("end", () => {
      this.isOver = true;
    });
    head.on("error", () => {});
  }

  static open(query: string, headers: Record<string, string> = {}): Promise<Reader> {
    return new Promise((resolve, reject) => {
      get({ port, path: `/tap${query}`, headers: { host: "127.0.0.1", ...headers }, agent: false }, (head) =>
        resolve(new Reader(head)),
      ).on("error", reject);
    });
  }

  get lines(): (TappedRequest & { readonly worker: number; readonly over?: string; readonly dropped?: number })[] {
    const whole = this.text.slice(0, this.text.lastIndexOf("\n") + 1);
    return whole
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  }

  close(): void {
    this.head.destroy();
  }
}

const ask = async (path: string, init: RequestInit = {}): Promise<number> => {
  const answer = await fetch(`http://127.0.0.1:${portOf(node)}${path}`, init);
  await answer.text();
  return answer.status;
};

describe("the tap", () => {
  before(async () => {
    const { plan, errors } = loadPlan({ text: FILE, file: "a.yaml" });
    assert.ok(plan !== null, JSON.stringify(errors));
    node = await startTestNode(plan, { flags: ["--concurrency", "2"] });
    port = node.admin?.address.kind === "socket" ? node.admin.address.port : 0;
  });

  after(() => node.stop());

  it("tells curl of requests, a line each: heads without secrets, upstream, bytes and times", async () => {
    const tap = await Reader.open("?seconds=30");
    assert.deepEqual([tap.head.statusCode, tap.head.headers["content-type"]], [200, "application/x-ndjson"]);
    await eventually(async () => {
      const headers = { authorization: "Bearer s3cret", cookie: "id=s3cret", "x-api-key": "s3cret", "x-ok": "shown" };
      await ask("/a?b=1&token=s3cret&Access%5FToken=s3cret", { headers, method: "POST", body: "12345" });
      await ask("/up");
      return ["/a", "/up"].every((path) => tap.lines.some((line) => line.path?.startsWith(path)));
    });
    tap.close();
    assert.doesNotMatch(tap.text, /s3cret/);
    const [one] = tap.lines.filter(({ path }) => path.startsWith("/a"));
    assert.ok(one !== undefined);
    assert.equal(one.path, "/a?b=1&token=[redacted]&Access%5FToken=[redacted]");
    assert.deepEqual([one.method, one.status, one.route, one.cluster, one.bytesSent], ["POST", 200, "direct", "", 5]);
    const headers = new Map(one.requestHeaders);
    assert.deepEqual(
      [headers.get("authorization"), headers.get("cookie"), headers.get("x-ok")],
      ["[redacted]", "[redacted]", "shown"],
    );
    assert.equal(new Map(one.responseHeaders).get("content-length"), "5");
    assert.ok(one.totalMs >= one.requestMs && one.answerMs === -1, JSON.stringify(one));
    const up = tap.lines.find(({ path }) => path === "/up");
    assert.deepEqual(
      [up?.status, up?.flags, up?.cluster, up?.endpoint, up?.attempts],
      [503, "UF", "nobody", "127.0.0.1:1", 1],
    );
    assert.match(up?.route ?? "", /^a\.yaml:\d+$/);
  });

  it("tells of those alone for which everything holds, and no more than were asked for", async () => {
    const rows: readonly (readonly [query: string, wanted: readonly string[]])[] = [
      ["cluster=nobody", ["/up"]],
      ["route=direct", ["/a", "/b?c"]],
      ["path=/b", ["/b?c"]],
      ["status=5xx", ["/up"]],
      ["status=2xx,none&method=put", ["/b?c"]],
      ["header=x-kind:thin", ["/b?c"]],
      ["header=x-kind", ["/a", "/b?c"]],
    ];
    const taps = await Promise.all(rows.map(([query]) => Reader.open(`?${query}`)));
    await eventually(async () => {
      await ask("/up");
      await ask("/a", { headers: { "x-kind": "other" } });
      await ask("/b?c", { method: "PUT", headers: { "x-kind": "something" } });
      return taps.every((tap, at) => new Set(tap.lines.map(({ path }) => path)).size >= (rows[at]?.[1].length ?? 0));
    });
    for (const [at, tap] of taps.entries()) {
      tap.close();
      assert.deepEqual([...new Set(tap.lines.map(({ path }) => path))].sort(), rows[at]?.[1], rows[at]?.[0]);
    }
    const counted = await Reader.open("?count=3&sample=50");
    await eventually(async () => {
      await ask("/a");
      return counted.isOver;
    });
    assert.equal(counted.lines.filter(({ path }) => path !== undefined).length, 3);
    assert.match(counted.lines.at(-1)?.over ?? "", /so many/);
  });

  it("is a stream of events for who asks for one, and ends with its time", async () => {
    // Whether a worker tells of anything within a second is the machine's to say: one that waits for a request is another reader.
    const [tap, counted] = await Promise.all(
      ["?seconds=1", "?count=1"].map((query) => Reader.open(query, { accept: "text/event-stream" })),
    );
    assert.ok(tap !== undefined && counted !== undefined);
    assert.equal(tap.head.headers["content-type"], "text/event-stream");
    // Fewer than a worker tells of at a time: of none is said that they were too many.
    let asked = 0;
    await eventually(async () => {
      if (++asked < 40) await ask("/a");
      return tap.isOver && counted.isOver;
    });
    assert.match(counted.text, /^event: request\ndata: \{"worker":\d,"startWallMs":\d+.*\}\n\n/);
    assert.match(tap.text, /(^|\n)event: over\ndata: \{"over":"its time is over: ask again","dropped":0\}\n\n$/);
  });

  it("tells of every request, or counts it among those that were too many", async () => {
    const tap = await Reader.open("?path=/many");
    // Both workers know of the reader when both have told it something.
    await eventually(async () => {
      await ask("/many/first", { headers: { connection: "close" } });
      return [0, 1].every((which) => tap.lines.some(({ worker }) => worker === which));
    });
    await Promise.all(Array.from({ length: 600 }, () => ask("/many")));
    // How many are too many is the machine's to say; workers and readers drop by a clock in tests of their own.
    await eventually(() => {
      const shown = tap.lines.filter(({ path }) => path === "/many").length;
      return shown > 0 && shown + Math.max(0, ...tap.lines.map(({ dropped = 0 }) => dropped)) === 600;
    });
    tap.close();
  });

  it("refuses what it does not understand", async () => {
    const rows: readonly (readonly [query: string, says: string])[] = [
      ["?clutser=a", "no such word: 'clutser', did you mean cluster?"],
      ["?status=6xx", "status: '6xx' is not such as 5xx or 4xx,5xx (none: no answer)"],
      ["?sample=0", "sample: '0' is no share in percent"],
      ["?count=x", "count: 'x' is no whole number from 1 on"],
      ["?count=1.5", "count: '1.5' is no whole number from 1 on"],
      ["?seconds=9999", "seconds: '9999' is not up to 600"],
      ["?format=xml", "format: lines or events"],
      ["?header=Cookie:a", "header: the value of Cookie is shown to nobody"],
    ];
    for (const [query, says] of rows) {
      const { status, body } = await askAdmin(port, `GET /tap${query}`);
      assert.equal(status, 400, query);
      assert.equal(body.replace(/ \(did/, ", did").replace(/\?\)\n$/, "?\n"), `${says}\n`);
    }
    assert.equal((await askAdmin(port, "POST /tap")).status, 404);
  });
});
