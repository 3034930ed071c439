import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { EventHistory } from "../../../../src/control/mesh/events/event-history.ts";
import type { MeshEvent } from "../../../../src/control/mesh/events/mesh-event.ts";
import { type ReadEvent, readEvent } from "../../../../src/control/mesh/events/read-event.ts";
import { writeEvent } from "../../../../src/control/mesh/events/write-event.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

const read = (event: MeshEvent, node: string = "n1"): ReadEvent => {
  const { payload } = writeEvent(event, { mesh: "default", node }, 0);
  const found = readEvent(payload);
  assert.ok(found !== null);
  return found;
};
const lost = (id: string): MeshEvent => ({ type: "node-changed", id, node: "n2", change: "lost" });

describe("the newest events of a mesh", () => {
  it("are there in words, each once, whoever published it", () => {
    const clock = new VirtualClock();
    const history = new EventHistory(clock);
    history.take(read(lost("a"), "n1"));
    clock.advanceMs(1_000);
    history.take(read(lost("a"), "n3"));
    const health = { cluster: "c", endpoint: "192.0.2.1:80", from: "healthy", to: "unhealthy" } as const;
    history.take(
      read({ type: "health-changed", id: "b", ...health, reason: "503", scope: "mesh", observers: ["n1", "n3"] }),
    );
    assert.deepEqual(
      history.recent().map(({ number, about, text }) => [number, about, text]),
      [
        [1, "node", "n2 lost"],
        [2, "health", "c 192.0.2.1:80: healthy -> unhealthy: 503, seen by n1, n3"],
      ],
    );
    assert.equal((history.recent()[1]?.wallMs ?? 0) - (history.recent()[0]?.wallMs ?? 0), 1_000);
  });

  it("are so many, without what moves a terminal, and of any type", () => {
    const history = new EventHistory(new VirtualClock());
    for (let i = 0; i < 250; i++) history.take(read(lost(String(i))));
    assert.deepEqual([history.recent().length, history.recent()[0]?.number], [200, 51]);
    const odd = { ...read(lost("x")), type: "com.example.\u001b[2J", subject: "s".repeat(5_000) };
    history.take(odd);
    const { about, text } = history.recent().at(-1) ?? {};
    assert.equal(about, "event");
    assert.ok((text?.length ?? 0) <= 600);
    assert.equal(text?.includes("\u001b"), false);
  });
});
