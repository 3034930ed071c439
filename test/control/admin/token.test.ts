import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { systemClock } from "../../../src/base/clock.ts";
import type { RunningNode } from "../../../src/supervisor/node.ts";
import { type AdminAnswer, askAdmin } from "../../support/admin-client.ts";
import { startTestNode } from "../../support/nodes.ts";
import { bareListener, barePlan } from "../../support/plans.ts";

const TOKEN = "Zm9v-a-token-of-enough-letters";
const ADMIN = {
  address: { kind: "socket", host: "127.0.0.1", port: 0, ipv4Compat: false },
  accessLogs: [],
} as const;
const LAYERS = { layers: [{ name: "admin", kind: "admin" }] } as const;
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };

let folder = "";
let node: RunningNode;
let port = 0;
const ask = (line: string, fields = {}): Promise<AdminAnswer> => askAdmin(port, line, { fields });
const finalOf = (key: string): string | undefined => node.view.runtime.values.get(key);

describe("an admin address with a token", () => {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "starling-token-"));
    const file = join(folder, "token");
    writeFileSync(file, `${TOKEN}\n`);
    const plan = barePlan([bareListener("a")], { admin: ADMIN, runtime: LAYERS as never });
    node = await startTestNode(plan, { flags: ["--admin-token-file", file] });
    port = node.admin?.address.kind === "socket" ? node.admin.address.port : 0;
  });

  after(async () => {
    await node.stop();
    rmSync(folder, { recursive: true });
  });

  it("lets nobody change the node without it, by whatever page", async () => {
    const pages = [
      "runtime_modify?a.b=1",
      "healthcheck/fail",
      "logging?level=off",
      "reset_counters",
      "drain_listeners",
    ];
    for (const page of [...pages, "quitquitquit", "reopen_logs"]) {
      const { status, body, head } = await ask(`POST /${page}`);
      assert.equal(status, 401, page);
      assert.match(body, /^the token is missing/);
      assert.ok(head.includes('www-authenticate: Bearer realm="starling"'));
    }
    // The token counts in its field only.
    assert.equal((await ask(`POST /runtime_modify?a.b=1&token=${TOKEN}`)).status, 401);
    assert.equal((await askAdmin(port, "POST /runtime_modify", { body: `access_token=${TOKEN}` })).status, 401);
    assert.equal((await ask("POST /runtime_modify?a.b=1", { cookie: `token=${TOKEN}` })).status, 401);
    assert.equal(finalOf("a.b"), undefined);
    assert.equal(node.view.readiness().state, "LIVE");
  });

  it("lets whoever has it change the node, and everybody read it", async () => {
    const changed = await ask("POST /runtime_modify?a.b=7", AUTHORIZED);
    assert.deepEqual([changed.status, changed.body, finalOf("a.b")], [200, "OK\n", "7"]);
    assert.equal((await ask("POST /healthcheck/fail", AUTHORIZED)).status, 200);
    assert.equal(node.view.readiness().state, "DRAINING");
    assert.equal((await ask("POST /healthcheck/ok", AUTHORIZED)).status, 200);
    assert.equal((await ask("GET /ready")).status, 200);
    // As in Envoy, a page that only shows may be asked for by POST too.
    assert.equal((await ask("POST /ready")).status, 200);
    assert.equal((await ask("GET /runtime_modify?a.b=1", AUTHORIZED)).status, 405);
  });

  it("answers a wrong one late, and says nothing of it or of the right one anywhere", async () => {
    const startMs = systemClock.nowMs();
    const { status, body } = await ask("POST /runtime_modify?a.b=8", {
      authorization: "Bearer wrong-wrong-wrong-wrong",
    });
    assert.deepEqual([status, body.split(":")[0], finalOf("a.b")], [401, "the token is wrong", "7"]);
    assert.ok(systemClock.nowMs() - startMs >= 450);
    const said = [node.view.log.recent(), (await ask("GET /server_info")).body, (await ask("GET /stats")).body];
    assert.doesNotMatch(JSON.stringify(said), /Zm9v|wrong-wrong/);
    assert.match(JSON.stringify(said), /starling\.admin_refused: \d+/);
    assert.match(JSON.stringify(said), /refused 127\.0\.0\.1 with 401/);
  });

  it("tells the dashboard whether a token is the right one, and that there is one", async () => {
    assert.deepEqual((await ask("POST /dashboard/token", AUTHORIZED)).status, 204);
    assert.deepEqual((await ask("POST /dashboard/token")).status, 401);
    const open = await startTestNode(barePlan([bareListener("a")], { admin: ADMIN }));
    const own = open.admin?.address.kind === "socket" ? open.admin.address.port : 0;
    const { status } = await askAdmin(own, "POST /dashboard/token", { fields: AUTHORIZED });
    await open.stop();
    assert.equal(status, 404);
  });
});
