import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { buildImages, Containers, engineAnswers, leaveNothing, waitFor } from "../support/containers.ts";

let containers: Containers;

describe("the gRPC document in containers", function () {
  this.timeout(300_000);

  before(async function () {
    if (!engineAnswers()) this.skip();
    await buildImages();
    containers = await Containers.of("grpc.yaml", { PORT_CLIENT: 8081 });
    await containers.typed("docker compose -f compose/grpc.yaml up -d --wait");
    await waitFor(async () => {
      const counts = answered(await calls("native-tools-2"));
      return counts.size === 3 && !counts.has("") ? true : null;
    });
  });

  after(() => leaveNothing(containers));

  it("gives each of three servers a third of the calls of one channel through a side-car", async () => {
    assert.deepEqual([...answered(await calls("native-tools-2")).values()], [4, 4, 4]);
  });

  it("gives one server all of them without", async () => {
    assert.deepEqual([...answered(await calls("service-ip")).values()], [12]);
  });

  it("spreads over those that are left when a server is killed", async () => {
    const [server = ""] = (await containers.compose("ps", "--quiet", "native-tools-2")).split("\n");
    await containers.kill(server);
    await waitFor(async () => {
      const counts = answered(await calls("native-tools-2"));
      return counts.size === 2 && !counts.has("") ? true : null;
    });
  });
});

/** The document's twelve calls. */
function calls(name: "native-tools-2" | "service-ip"): Promise<string> {
  const loop = `for i in $(seq 12); do curl "http://localhost:8081/grpc_client?name=${name}"; done`;
  return containers.typed(loop);
}

/** Calls by the host that answered; empty stands for errors. */
function answered(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [line] of text.matchAll(/^(Greeting|ERROR).*$/gm)) {
    const host = /^Greeting: hostname:(\w+), in:world$/.exec(line)?.[1] ?? "";
    counts.set(host, (counts.get(host) ?? 0) + 1);
  }
  return counts;
}
