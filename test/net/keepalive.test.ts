// The kernel's own word about a connection: its timer in /proc/net/tcp, `02:` and jiffies while keepalive waits, `00:` for none.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import type { Channel } from "../../src/net/channel.ts";
import { listen } from "../../src/net/listen.ts";
import { chainPlan, dialled, LOOPBACK, QUIET, Recorder, standingNet } from "../support/net-peers.ts";
import { chains } from "../support/tls-plans.ts";

/** Seconds until the first probe on the connection between two ports, rounded up to tens; `none`. */
function keepalive(local: number, remote: number): number | "none" {
  const hex = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = readFileSync("/proc/net/tcp", "latin1").split("\n");
  const line = lines.find((one) => one.includes(`${hex(local)} `) && one.includes(`${hex(remote)} 01 `)) ?? "";
  const [, kind, jiffies = ""] = / (\d\d):([0-9A-F]{8}) /.exec(line) ?? [];
  return kind === "02" ? Math.ceil(Number.parseInt(jiffies, 16) / 1_000) * 10 : "none";
}

describe("TCP keepalive", () => {
  it("is on for accepted and dialled connections that have a time, and off for others", async () => {
    for (const keepaliveS of [0, 300]) {
      const { net } = standingNet();
      const accepted = Promise.withResolvers<Channel>();
      const options = { address: LOOPBACK, backlog: 8, sharing: "exclusive", ticketKeys: null, events: QUIET } as const;
      const outcome = await listen(net, { ...options, chains: { ...chains(chainPlan()), keepaliveS } }, (channel) => {
        channel.handler = new Recorder();
        accepted.resolve(channel);
      });
      assert.ok(outcome.kind === "listening");
      const { channel, events } = dialled(net, outcome.listening.address, { keepaliveS });
      const server = await accepted.promise;
      await events.until(() => events.connects === 1);
      const expected = keepaliveS === 0 ? "none" : keepaliveS;
      assert.equal(keepalive(server.localPort, server.remotePort), expected);
      assert.equal(keepalive(server.remotePort, server.localPort), expected);
      channel.abort();
      server.abort();
      outcome.listening.close();
      await events.until(() => events.closes.length > 0);
    }
  });
});
