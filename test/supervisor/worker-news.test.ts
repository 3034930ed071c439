import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { NodeNews } from "../../src/messages/mesh.ts";
import { WorkerNews } from "../../src/supervisor/worker-news.ts";

describe("news of threads", () => {
  it("are told of a crash each time, and of the thread that follows it", () => {
    const told: NodeNews[] = [];
    const news = new WorkerNews((one) => told.push(one));
    news.lives("listener-0");
    for (const reason of ["first", "second"]) news.died("listener-0", new Error(reason));
    news.lives("listener-1");
    for (let i = 0; i < 2; i++) news.lives("listener-0");
    const worker = { type: "worker-changed", worker: "listener-0" };
    assert.deepEqual(told, [
      { ...worker, change: "crashed", reason: "first" },
      { ...worker, change: "crashed", reason: "second" },
      { ...worker, change: "restarted", reason: "" },
    ]);
  });
});
