// Two listeners, one with drain_type MODIFY_ONLY, while the node fails its health check by hand: whose connections are asked to end, in
// the real Envoy and in Starling.
import assert from "node:assert/strict";
import { get } from "node:http";
import { before, describe, it } from "mocha";
import { envoyInstalled, freePort, LiveProxy, type Program } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { managerFilter } from "../support/proxy-file.ts";

const ROUTES = [{ match: { prefix: "/" }, direct_response: { status: 200 } }];

describe("drain_type, the real Envoy beside Starling", function () {
  this.timeout(30_000);

  before(function () {
    if (!envoyInstalled()) this.skip();
  });

  it("keeps connections of MODIFY_ONLY after healthcheck/fail, and of nobody else", async () => {
    const theirs = await closing("envoy");
    assert.deepEqual(theirs, { before: [false, false], failing: [true, false], after: [false, false] });
    assert.deepEqual(await closing("starling"), theirs);
  });
});

async function closing(program: Program): Promise<unknown> {
  const ports = [await freePort()];
  while (ports.length < 3) ports.push(await freePort(ports));
  const [admin = 0, ...listens] = ports;
  const proxy = await LiveProxy.start(program, JSON.stringify(fileOf(admin, listens)), admin);
  const order = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${admin}${path}`, { method: "POST" });
  // Workers hear of an order a moment later, all their listeners at once: the usual one's answer says when.
  const ask = async (isUsualAsked: boolean): Promise<boolean[]> => {
    await eventually(async () => (await isAskedToEnd(listens[0] ?? 0)) === isUsualAsked);
    return Promise.all(listens.map(isAskedToEnd));
  };
  try {
    const before = await ask(false);
    await order("/healthcheck/fail");
    const failing = await ask(true);
    await order("/healthcheck/ok");
    return { before, failing, after: await ask(false) };
  } finally {
    await proxy.stop();
  }
}

/** Whether an answer says `connection: close`. */
function isAskedToEnd(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    get({ port, host: "127.0.0.1", headers: { connection: "keep-alive" } }, (response) => {
      response.resume().once("end", () => resolve(response.headers.connection === "close"));
    }).once("error", reject);
  });
}

function fileOf(admin: number, [usual = 0, modified = 0]: readonly number[]): unknown {
  const filters = [
    managerFilter({
      stat_prefix: "main",
      route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes: ROUTES }] },
    }),
  ];
  const listener = (name: string, port: number, more: object): unknown => ({
    name,
    address: address(port),
    filter_chains: [{ filters }],
    ...more,
  });
  const listeners = [listener("usual", usual, {}), listener("modified", modified, { drain_type: "MODIFY_ONLY" })];
  return { admin: { address: address(admin) }, static_resources: { listeners } };
}

function address(port: number): unknown {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}
