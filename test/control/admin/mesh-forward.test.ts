import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer, get } from "node:http";
import { after, before, describe, it } from "mocha";
import { SeededRandom } from "../../../src/base/random.ts";
import { type AdminServer, startAdminServer } from "../../../src/control/admin/admin-server.ts";
import { READERS_MAX } from "../../../src/control/admin/dashboard/event-stream.ts";
import type { MeshSource } from "../../../src/control/admin/view.ts";
import { ALL_RULES, emptyMeshState } from "../../../src/control/mesh/state/mesh-state.ts";
import { meshView } from "../../../src/control/mesh/view/mesh-view.ts";
import type { MemberView, MeshView } from "../../../src/messages/mesh-view.ts";
import type { RunningNode } from "../../../src/supervisor/node.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { type AdminAnswer, askAdmin } from "../../support/admin-client.ts";
import { startTestNode } from "../../support/nodes.ts";
import { bareListener, barePlan } from "../../support/plans.ts";

const ANY_PORT = { kind: "socket", host: "127.0.0.1", port: 0, ipv4Compat: false } as const;

let peer: RunningNode;
let front: AdminServer;
let back: AdminServer;
let members: Partial<MemberView>[] = [];
let isSilent = false;

/** What a node sees that knows nobody, and has these members. */
const mesh: MeshSource = {
  name: "default",
  broker: "embedded:14222",
  node: "front",
  view: (ask) => {
    const options = {
      node: "front",
      instance: "0",
      roles: [],
      reportsLoad: false,
      zone: "",
      adminAddress: "",
      owners: 2,
    };
    const state = emptyMeshState({ ...options, flapDamping: false, rules: ALL_RULES }, new SeededRandom(1));
    const view: MeshView = meshView(state, 0, ask);
    const [self] = view.members;
    const all = members.map((one) => ({ ...(self as MemberView), life: "live", ...one }) as MemberView);
    return Promise.resolve(isSilent ? null : { ...view, members: [...view.members, ...all] });
  },
};

const portOf = (server: AdminServer | null): number => (server?.address.kind === "socket" ? server.address.port : 0);
const ask = (line: string, more = {}): Promise<AdminAnswer> => askAdmin(portOf(front), line, more);

describe("another member's admin pages", () => {
  before(async () => {
    peer = await startTestNode(barePlan([bareListener("a")], { admin: { address: ANY_PORT, accessLogs: [] } }));
    const writer = new StatsWriter(() => {});
    front = await startAdminServer({ ...peer.view, mesh }, ANY_PORT, writer);
    back = await startAdminServer({ ...peer.view, mesh: { ...mesh, node: "back~1/2" } }, ANY_PORT, writer);
    members = [
      { node: "back~1/2", adminAddress: `127.0.0.1:${portOf(back)}` },
      { node: "gone", adminAddress: "127.0.0.1:1", life: "gone" },
      { node: "deaf", adminAddress: "127.0.0.1:1" },
      { node: "named", adminAddress: "metadata.example:80" },
      { node: "none", adminAddress: "" },
    ];
  });

  after(async () => {
    await Promise.all([front.close(), back.close()]);
    await peer.stop();
  });

  it("come through this node, with their query, head and status", async () => {
    const direct = await askAdmin(portOf(back), "GET /stats?filter=^server.live$");
    const through = await ask("GET /mesh/back~1%2F2/stats?filter=^server.live$");
    assert.equal(direct.body, "server.live: 1\n");
    assert.deepEqual([through.status, through.body], [200, direct.body]);
    assert.ok(through.head.includes("content-type: text/plain; charset=UTF-8"));
    assert.equal((await ask("GET /mesh/back~1%2F2")).body, (await askAdmin(portOf(back), "GET /")).body);
    assert.equal((await ask("GET /mesh/back~1%2F2/nosuch")).status, 404);
  });

  it("stream the dashboard's events as long as somebody reads, and no longer: the member has place for others then", async () => {
    const read = (): Promise<number | undefined> =>
      new Promise((resolve) => {
        const path = "/mesh/back~1%2F2/dashboard/events";
        const request = get({ port: portOf(front), path, agent: false }, (answer) => {
          answer.on("error", () => {});
          answer.once("data", () => request.destroy());
          request.once("close", () => resolve(answer.statusCode));
        });
      });
    for (let i = 0; i < 2 * READERS_MAX; i++) assert.equal(await read(), 200);
  });

  it("are only read: nothing is changed from here", async () => {
    const { status, body } = await ask("POST /mesh/back~1%2F2/quitquitquit", { body: "x" });
    assert.deepEqual([status, body], [405, "only GET is forwarded: change a node at its own admin address\n"]);
  });

  it("have a tap too, for whoever has the token that both have; the token itself goes no further", async () => {
    const token = "a-token-of-enough-letters";
    const adminTokenDigest = createHash("sha256").update(token).digest("hex");
    const options = { ...peer.view.options, adminTokenDigest };
    const writer = new StatsWriter(() => {});
    const near = await startAdminServer({ ...peer.view, mesh, options }, ANY_PORT, writer);
    const far = await startAdminServer({ ...peer.view, mesh: { ...mesh, node: "far" }, options }, ANY_PORT, writer);
    let seen = "";
    const spy = createServer((request, answer) => {
      seen = String(request.headers.authorization);
      answer.setHeader("x-starling-node", "spy").end("");
    });
    await new Promise<void>((resolve) => spy.listen(0, "127.0.0.1", resolve));
    const { port = 0 } = spy.address() as { readonly port?: number };
    const before = members;
    members = [
      { node: "far", adminAddress: `127.0.0.1:${portOf(far)}` },
      { node: "spy", adminAddress: `127.0.0.1:${port}` },
    ];
    const fields = { authorization: `Bearer ${token}` };
    const through = await askAdmin(portOf(near), "GET /mesh/far/tap?seconds=1", { fields });
    const refused = await askAdmin(portOf(near), "GET /mesh/far/tap?seconds=1");
    const wrong = await askAdmin(portOf(near), "GET /mesh/far/tap?seconds=1", {
      fields: { authorization: "Bearer x" },
    });
    await askAdmin(portOf(near), "GET /mesh/spy/tap", { fields });
    const tapSeen = seen;
    await askAdmin(portOf(near), "GET /mesh/spy/stats", { fields });
    const copied = await askAdmin(portOf(far), "GET /tap", { fields: { authorization: tapSeen } });
    members = before;
    await Promise.all([near.close(), far.close()]);
    spy.close();
    assert.deepEqual([through.status, refused.status, wrong.status, copied.status], [200, 401, 401, 401]);
    assert.match(through.body, /"over":"its time is over: ask again"/);
    assert.match(tapSeen, /^Starling-Mesh \d+\.[0-9a-f]{64}$/);
    assert.equal(seen, "undefined");
  });

  it("are not forwarded twice", async () => {
    members.push({ node: "front", adminAddress: `127.0.0.1:${portOf(front)}` });
    const { status, body } = await ask("GET /mesh/deaf/x", { fields: { via: "1.1 starling" } });
    assert.deepEqual([status, body], [508, "deaf at 127.0.0.1:1 does not answer: loop detected\n"]);
  });

  const known = "front, back~1%2F2, gone, deaf, named, none";
  const rows: readonly (readonly [path: string, status: number, says: string])[] = [
    ["/mesh/other/stats", 404, `no node 'other' is known; members: ${known}`],
    ["/mesh/gone/stats", 404, `the node 'gone' is gone; members: ${known}`],
    ["/mesh/none/stats", 404, `the node 'none' has no admin pages; members: ${known}`],
    ["/mesh/named/stats", 404, `the node 'named' names no address, but 'metadata.example:80'; members: ${known}`],
    ["/mesh/deaf/stats", 503, "deaf at 127.0.0.1:1 does not answer: Connection refused"],
    ["/mesh/%ff/stats", 400, "the node's name is not encoded well"],
  ];
  for (const [path, status, says] of rows) {
    it(`${path}: ${status} ${says.split(";")[0]}`, async () => {
      members = members.filter(({ node }) => node !== "front");
      const answer = await ask(`GET ${path}`);
      assert.deepEqual([answer.status, answer.body], [status, `${says}\n`]);
    });
  }

  it("are not shown when somebody else answers in the member's place", async () => {
    const port = portOf(peer.admin);
    for (const other of [port, portOf(front)]) {
      members.push({ node: "far", adminAddress: `127.0.0.1:${other}` });
      const { status, body } = await ask("GET /mesh/far/ready");
      members.pop();
      assert.deepEqual([status, body], [502, `far at 127.0.0.1:${other} does not answer: somebody else is there\n`]);
    }
    assert.ok((await ask("GET /ready")).head.includes("x-starling-node: front"));
    assert.equal((await askAdmin(port, "GET /ready")).head.join().includes("x-starling-node"), false);
  });

  it("are not there while the mesh actor does not answer", async () => {
    isSilent = true;
    const { status } = await ask("GET /mesh/deaf/stats");
    isSilent = false;
    assert.equal(status, 503);
  });

  it("are no pages of a node without a mesh", async () => {
    const { status, body } = await askAdmin(portOf(peer.admin), "GET /mesh/deaf/stats");
    assert.equal(status, 404);
    assert.match(body, /^invalid path\. admin commands are:/);
    assert.doesNotMatch(body, /\/mesh/);
    assert.match((await ask("GET /help")).body, /^ {2}\/mesh: nodes of the mesh, who checks what and who saw it$/m);
  });
});
