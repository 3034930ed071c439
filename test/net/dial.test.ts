import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { dialled, listening, type Recorder, say, standingNet } from "../support/net-peers.ts";

describe("dialling", () => {
  it("says connection refused in Envoy's words", async () => {
    const { net } = standingNet();
    const door = await listening(net, () => {});
    door.close();
    const { events } = dialled(net, door.address);
    await events.until(() => events.closes.length === 1);
    assert.deepEqual(events.closes, [{ kind: "connect-refused", text: "delayed_connect_error:_Connection_refused" }]);
    assert.equal(events.connects, 0);
  });

  it("gives up after the connect time-out", async () => {
    const { net, clock } = standingNet();
    const door = await listening(net, (channel) => channel.abort());
    const { events } = dialled(net, door.address, { connectTimeoutMs: 250 });
    clock.advanceMs(300);
    await events.until(() => events.closes.length === 1);
    assert.deepEqual(events.closes, [{ kind: "connect-timeout", text: "" }]);
    assert.equal(events.connects, 0);
    door.close();
  });

  it("refuses a name, which is the resolver's business", async () => {
    const { net } = standingNet();
    const { events } = dialled(net, { kind: "socket", host: "upstream.example", port: 80, ipv4Compat: false });
    await events.until(() => events.closes.length === 1);
    assert.deepEqual(events.closes, [{ kind: "connect-failed", text: "not_an_IP_address:_upstream.example:80" }]);
  });

  it("sends what was said before the connection stood", async () => {
    const { net } = standingNet();
    const { promise, resolve } = Promise.withResolvers<Recorder>();
    const door = await listening(net, (channel, events) => {
      channel.pauseReading();
      channel.resumeReading();
      resolve(events);
    });
    const { channel, events } = dialled(net, door.address);
    say(channel, "preface");
    const serverEvents = await promise;
    await serverEvents.until(() => serverEvents.text === "preface");
    channel.close();
    await serverEvents.until(() => serverEvents.ends === 1);
    door.close();
    channel.abort();
    await events.until(() => events.closes.length === 1);
  });

  it("uses the source address it was given", async () => {
    const { net } = standingNet();
    const { promise, resolve } = Promise.withResolvers<string>();
    const door = await listening(net, (channel) => {
      resolve(channel.remoteAddress);
      channel.abort();
    });
    const { events } = dialled(net, door.address, { bindAddress: "127.0.0.2" });
    assert.equal(await promise, "127.0.0.2");
    door.close();
    await events.until(() => events.ends + events.closes.length > 0);
  });
});
