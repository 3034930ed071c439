import assert from "node:assert/strict";
import { connect } from "node:tls";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { NetContext } from "../../src/net/net-context.ts";
import { standingNet } from "../support/net-peers.ts";
import { pem, type TlsDoor, tlsChains, tlsDoor, validation } from "../support/tls-plans.ts";

const KEYS = Buffer.alloc(48, 1);
const OTHER_KEYS = Buffer.alloc(48, 2);

describe("session tickets over two listeners", () => {
  let net: NetContext;
  let doors: TlsDoor[];

  beforeEach(() => {
    ({ net } = standingNet());
    doors = [];
  });

  afterEach(async () => {
    for (const door of doors) await door.close();
  });

  const open = async (keys: Buffer | null, parts: Parameters<typeof tlsChains>[0] = {}): Promise<TlsDoor> => {
    const door = await tlsDoor(net, tlsChains(parts), keys);
    doors.push(door);
    return door;
  };

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    it(`resume on either with shared keys: at least 95 of 100 with ${version}`, async () => {
      const two = [await open(KEYS, { versionMax: version }), await open(KEYS, { versionMax: version })];
      let session: Buffer | undefined;
      let resumed = 0;
      for (let i = 0; i < 100; i++) {
        const visited = await visit(two[((i * 7) % 3) % 2] as TlsDoor, session);
        if (visited.resumed) resumed++;
        // As browsers do: a TLS 1.3 ticket is used once.
        session = visited.fresh ?? (version === "TLSv1.3" ? undefined : session);
      }
      assert.ok(resumed >= 95, `${resumed} of 100`);
    });
  }

  it("do not resume without shared keys", async () => {
    const [first, second] = [await open(null), await open(null)];
    const { session } = await visit(first);
    assert.equal((await visit(second, session)).resumed, false);
  });

  it("follow new keys on a running listener", async () => {
    const door = await open(KEYS);
    const { session } = await visit(door);
    door.listening.setTicketKeys(OTHER_KEYS);
    const after = await visit(door, session);
    assert.equal(after.resumed, false);
    assert.equal((await visit(await open(OTHER_KEYS), after.session)).resumed, true);
  });

  it("accept the keys before the newest when they are told", async () => {
    const door = await open(KEYS);
    const { session } = await visit(door);
    door.listening.setTicketKeys(Buffer.concat([OTHER_KEYS, KEYS]));
    assert.equal((await visit(door, session)).resumed, true);
  });

  it("survive a new plan with the same keys", async () => {
    const door = await open(KEYS);
    const { session } = await visit(door);
    door.listening.applyChains(tlsChains());
    assert.equal((await visit(door, session)).resumed, true);
  });

  it("do not carry a session to a chain that asks for a client certificate", async () => {
    const { session } = await visit(await open(KEYS));
    const strict = await open(KEYS, { validation: validation() });
    assert.equal((await visit(strict, session)).resumed, false);
  });
});

/** One connection that says hello and hears it back. */
function visit(
  door: TlsDoor,
  session?: Buffer,
): Promise<{ resumed: boolean; session: Buffer | undefined; fresh: Buffer | undefined }> {
  const { address } = door.listening;
  return new Promise((resolve, reject) => {
    let latest: Buffer | undefined;
    const socket = connect({
      port: address.kind === "socket" ? address.port : 0,
      host: "127.0.0.1",
      servername: "front.example",
      ca: pem("ca"),
      ...(session === undefined ? {} : { session }),
    });
    socket.on("session", (fresh) => {
      latest = fresh;
    });
    socket.on("error", reject);
    socket.write("hello");
    socket.once("data", () => {
      const resumed = socket.isSessionReused();
      socket.destroy();
      resolve({ resumed, session: latest ?? session, fresh: latest });
    });
  });
}
