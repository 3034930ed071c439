import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { MeshEffect } from "../../../../src/control/mesh/state/mesh-effects.ts";
import { decode } from "../../../../src/control/mesh/wire/decode.ts";
import { encode, encodeChanges } from "../../../../src/control/mesh/wire/encode.ts";
import type { MeshMessage } from "../../../../src/control/mesh/wire/messages.ts";
import { World } from "../../../simulation/mesh/world.ts";

describe("what meshState says", () => {
  it("goes over the wire unchanged, whatever happens to its nodes", () => {
    const said = new Map<string, number>();
    const world = new World({ seed: 5, endpoints: 40, drifts: true });
    world.onSaw = (saw) => {
      for (const message of saw.type === "effect" ? messagesOf(saw.effect) : []) {
        const parts = message.type === "changes" ? encodeChanges(message) : [encode(message)];
        assert.deepEqual(parts.map(decode), [{ kind: "message", message }]);
        said.set(message.type, (said.get(message.type) ?? 0) + 1);
      }
    };
    for (const name of ["a", "b", "c~\u{1f426}"]) world.start(name);
    world.runMs(4_000);
    for (const endpoint of world.endpoints.slice(0, 20)) endpoint.turn("refusing", world.time.nowMs);
    world.runMs(3_000);
    world.crash("a");
    world.runMs(3_000);
    world.start("a");
    world.runMs(3_000);
    world.nodes.get("b")?.tell({ type: "stop" });
    world.runMs(5_000);
    // One a second, and few out of turn.
    assert.ok((said.get("beat") ?? 0) < 3 * 18 * 2, `${said.get("beat")} beats`);
    assert.deepEqual([...said.keys()].sort(), ["beat", "changes", "hello", "left", "sync-page", "sync-request"]);
  });
});

function messagesOf(effect: MeshEffect): readonly MeshMessage[] {
  return effect.type === "publish" || effect.type === "request" || effect.type === "answer" ? [effect.message] : [];
}
