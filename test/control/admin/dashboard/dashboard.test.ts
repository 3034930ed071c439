import assert from "node:assert/strict";
import { get, type IncomingMessage } from "node:http";
import { brotliDecompressSync } from "node:zlib";
import { after, before, describe, it } from "mocha";
import { READERS_MAX } from "../../../../src/control/admin/dashboard/event-stream.ts";
import { pageFileNames } from "../../../../src/control/admin/dashboard/page-files.ts";
import type { RunningNode } from "../../../../src/supervisor/node.ts";
import { type AdminAnswer, askAdmin } from "../../../support/admin-client.ts";
import { startTestNode } from "../../../support/nodes.ts";
import { bareListener, barePlan } from "../../../support/plans.ts";

let node: RunningNode;
let port = 0;

const HTML = { accept: "text/html,application/xhtml+xml;q=0.9" };
const ask = (line: string, fields = {}): Promise<AdminAnswer> => askAdmin(port, line, { fields });
const field = ({ head }: AdminAnswer, name: string): string | undefined =>
  head.find((line) => line.toLowerCase().startsWith(`${name}: `))?.slice(name.length + 2);

/** One file as a browser gets it. */
function fetchFile(
  path: string,
  fields: Record<string, string> = {},
): Promise<{ head: IncomingMessage; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const headers = { "accept-encoding": "gzip, deflate, br", ...fields };
    get({ port, path, headers, agent: false }, (head) => {
      const chunks: Buffer[] = [];
      head.on("data", (chunk: Buffer) => chunks.push(chunk));
      head.on("end", () => resolve({ head, body: Buffer.concat(chunks) }));
    }).on("error", reject);
  });
}

/** Reads events until there are so many, then leaves. */
function readEvents(count: number): Promise<{ head: IncomingMessage; events: string[] }> {
  return new Promise((resolve, reject) => {
    const request = get({ port, path: "/dashboard/events", agent: false }, (head) => {
      let text = "";
      head.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        const events = text.split("\n\n").slice(0, -1);
        if (events.length < count) return;
        request.destroy();
        resolve({ head, events });
      });
      head.on("error", () => {});
    }).on("error", reject);
  });
}

describe("the dashboard", () => {
  before(async () => {
    const address = { kind: "socket", host: "127.0.0.1", port: 0, ipv4Compat: false } as const;
    node = await startTestNode(barePlan([bareListener("a")], { admin: { address, accessLogs: [] } }));
    port = node.admin?.address.kind === "socket" ? node.admin.address.port : 0;
  });

  after(() => node.stop());

  it("is what a browser gets for /, while other clients get Envoy's page, which links to it", async () => {
    const page = await ask("GET /", HTML);
    assert.match(page.body, /<script type="module" src="dashboard\/app.js">/);
    assert.equal((await ask("GET /dashboard")).body, page.body);
    const commands = await ask("GET /");
    assert.match(commands.body, /<a href="dashboard">Dashboard<\/a>/);
    assert.equal((await ask("GET /?commands", HTML)).body, commands.body);
    assert.doesNotMatch((await ask("GET /help")).body, /dashboard/);
  });

  it("comes in at most 100 KB with all its files, each of its type and with nothing from elsewhere allowed", async () => {
    const types: Record<string, string> = { html: "text/html", css: "text/css", js: "text/javascript" };
    const index = (await fetchFile("/", HTML)).body;
    const named = [
      ...brotliDecompressSync(index)
        .toString()
        .matchAll(/(?:href|src)="dashboard\/([\w.]+)"/g),
    ];
    assert.deepEqual([...new Set(named.map(([, name]) => name)), "index.html"].sort(), pageFileNames().sort());
    let transferred = 0;
    for (const name of pageFileNames()) {
      const { head, body } = await fetchFile(`/dashboard/${name}`);
      assert.equal(head.headers["content-type"], `${types[name.split(".")[1] ?? ""]}; charset=UTF-8`);
      assert.equal(head.headers["content-encoding"], "br");
      assert.match(String(head.headers["content-security-policy"]), /^default-src 'none'; script-src 'self'; /);
      const { body: plain } = await fetchFile(`/dashboard/${name}`, { "accept-encoding": "identity" });
      assert.deepEqual(brotliDecompressSync(body), plain);
      assert.doesNotMatch(plain.toString(), /(src|href|from|import)[=( ]*["']https?:/);
      transferred += body.length + head.rawHeaders.join(": ").length;
    }
    assert.ok(transferred <= 100_000, `${transferred} bytes`);
    assert.ok(transferred > 10_000, `${transferred} bytes: not all of it was counted`);
  });

  it("is sent once: what a browser has is not sent again, and HEAD sends no body", async () => {
    const first = await ask("GET /dashboard/app.js");
    const etag = field(first, "etag") ?? "";
    const again = await ask("GET /dashboard/app.js", { "if-none-match": `W/"x", ${etag}` });
    assert.deepEqual([first.status, again.status, again.body, field(again, "etag")], [200, 304, "", etag]);
    assert.equal((await ask("GET /dashboard/app.js", { "if-none-match": '"x"' })).status, 200);
    const head = await ask("HEAD /dashboard/app.js");
    assert.deepEqual([head.status, head.body], [200, ""]);
    assert.equal(field(head, "content-length"), field(first, "content-length"));
    const events = await ask("HEAD /dashboard/events");
    assert.deepEqual([events.status, events.body, field(events, "content-type")], [200, "", "text/event-stream"]);
  });

  it("has no other files, and changes nothing", async () => {
    for (const path of ["nosuch.js", "", "../page-files.ts", "%2e%2e/page-files.ts", "app.js/", "__proto__"]) {
      assert.equal((await ask(`GET /dashboard/${path}`)).status, 404, path);
    }
    assert.equal((await ask("GET /dashboards")).status, 404);
    for (const path of ["", "/events", "/app.js"]) {
      const { status, body } = await ask(`POST /dashboard${path}`);
      assert.deepEqual([status, body], [405, "the dashboard only shows: GET\n"]);
    }
  });

  it("tells the node's state as it is, then what changes", async () => {
    const { head, events } = await readEvents(3);
    assert.equal(head.headers["content-type"], "text/event-stream");
    assert.equal(head.headers["cache-control"], "no-store");
    const [retry, snapshot = "", change = ""] = events;
    assert.equal(retry, "retry: 2000");
    const picture = JSON.parse(/^event: snapshot\ndata: (.*)$/.exec(snapshot)?.[1] ?? "");
    assert.deepEqual(
      [picture.node.state, picture.workers[0].state, picture.routes.length, picture.runtime.leftOut, picture.mesh],
      ["LIVE", "listening", 1, 0, undefined],
    );
    const texts = Object.values(picture.log as Record<string, { text: string }>).map(({ text }) => text);
    assert.ok(texts.includes("serving 1 listener(s) with 1 worker(s)"), texts.join("\n"));
    const patch = JSON.parse(/^event: change\ndata: (.*)$/.exec(change)?.[1] ?? "");
    // What workers do is told while somebody reads, so that it may change.
    assert.deepEqual(
      Object.keys(patch).filter((name) => name !== "workers"),
      ["atMs"],
    );
    assert.ok(patch.atMs - picture.atMs >= 900);
  });

  it("has place for so many readers, and says so to the next one", async () => {
    const open = await Promise.all(
      Array.from(
        { length: READERS_MAX },
        () =>
          new Promise<IncomingMessage>((resolve) => {
            get({ port, path: "/dashboard/events", agent: false }, (head) =>
              resolve(head.resume().on("error", () => {})),
            );
          }),
      ),
    );
    const { status, body } = await ask("GET /dashboard/events");
    for (const one of open) one.destroy();
    assert.deepEqual([status, body], [503, `${READERS_MAX} readers is all there is place for\n`]);
  });
});
