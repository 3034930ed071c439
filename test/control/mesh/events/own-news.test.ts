import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { OwnNews } from "../../../../src/control/mesh/events/own-news.ts";
import type { NodeNews } from "../../../../src/messages/mesh.ts";

const CRASH: NodeNews = { type: "worker-changed", worker: "listener-0", change: "crashed", reason: "" };

function published() {
  const told: string[] = [];
  const news = new OwnNews("f0", ({ id }, wallMs) => told.push(`${id} at ${wallMs}`));
  return { told, news };
}

describe("news of a node itself", () => {
  it("wait for the bus with the time when they happened, and go out at once while it is there", () => {
    const { told, news } = published();
    news.tell(CRASH, 1_000);
    assert.deepEqual(told, []);
    news.busChanged(true);
    news.tell(CRASH, 2_000);
    assert.deepEqual(told, ["f0-1 at 1000", "f0-2 at 2000"]);
    news.busChanged(false);
    news.tell(CRASH, 3_000);
    assert.equal(told.length, 2);
    news.busChanged(true);
    assert.equal(told.at(-1), "f0-3 at 3000");
  });

  it("are forgotten oldest first when there are too many", () => {
    const { told, news } = published();
    for (let i = 1; i <= 40; i++) news.tell(CRASH, i);
    news.busChanged(true);
    assert.deepEqual([told.length, told[0]], [32, "f0-9 at 9"]);
  });
});
