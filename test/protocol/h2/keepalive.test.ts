import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { SeededRandom } from "../../../src/base/random.ts";
import { Keepalive, type KeepaliveOptions } from "../../../src/protocol/h2/keepalive.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const NONE = Number.POSITIVE_INFINITY;
const EVERY_SECOND: KeepaliveOptions = { intervalMs: 1_000, timeoutMs: 400, jitterPercent: 0, idleIntervalMs: NONE };

class Scene {
  readonly clock = new VirtualClock();
  readonly pingedAtMs: number[] = [];
  awaitsPong = false;
  endedAtMs = NONE;
  readonly keepalive: Keepalive;
  private readonly beganMs = this.clock.nowMs();

  constructor(options: Partial<KeepaliveOptions> = {}) {
    const services = { wheel: this.clock.wheel, random: new SeededRandom(3) };
    const onSilent = (): void => {
      this.endedAtMs = this.atMs;
      this.keepalive.stop();
    };
    this.keepalive = new Keepalive(this, { ...EVERY_SECOND, ...options }, services, this.clock.nowMs(), onSilent);
  }

  get atMs(): number {
    return this.clock.nowMs() - this.beganMs;
  }

  ping(): boolean {
    if (this.awaitsPong) return false;
    this.awaitsPong = true;
    this.pingedAtMs.push(this.atMs);
    return true;
  }

  /** Bytes come; `pong`: the answer is among them. */
  hear(what: "data" | "pong"): void {
    if (what === "pong") this.awaitsPong = false;
    this.keepalive.heard(this.clock.nowMs());
  }
}

describe("keepalive of a connection", () => {
  it("asks an interval after each answer", () => {
    const scene = new Scene();
    scene.clock.advanceMs(1_100);
    scene.hear("pong");
    scene.clock.advanceMs(990);
    assert.equal(scene.pingedAtMs.length, 1);
    scene.clock.advanceMs(50);
    assert.equal(scene.pingedAtMs.length, 2);
    assert.equal(scene.endedAtMs, NONE);
  });

  it("gives up on a peer that is silent for the timeout", () => {
    const scene = new Scene();
    scene.clock.advanceMs(1_300);
    assert.equal(scene.endedAtMs, NONE);
    scene.clock.advanceMs(200);
    assert.ok(scene.endedAtMs >= 1_400 && scene.endedAtMs <= 1_450, `${scene.endedAtMs} ms`);
    assert.equal(scene.clock.wheel.size, 0);
  });

  it("waits on while anything comes, and asks no second time before the answer", () => {
    const scene = new Scene();
    scene.clock.advanceMs(1_100);
    for (let i = 0; i < 10; i++) {
      scene.hear("data");
      scene.clock.advanceMs(300);
    }
    assert.equal(scene.endedAtMs, NONE);
    assert.equal(scene.pingedAtMs.length, 1);
    scene.clock.advanceMs(200);
    assert.notEqual(scene.endedAtMs, NONE);
  });

  it("asks at times that differ by up to the jitter", () => {
    const scene = new Scene({ intervalMs: 10_000, timeoutMs: 60_000, jitterPercent: 20 });
    const pausesMs: number[] = [];
    for (let round = 0; round < 50; round++) {
      const fromMs = scene.atMs;
      scene.clock.advanceMs(12_050);
      assert.equal(scene.pingedAtMs.length, round + 1);
      pausesMs.push((scene.pingedAtMs[round] ?? 0) - fromMs);
      scene.hear("pong");
    }
    assert.ok(Math.min(...pausesMs) >= 10_000 && Math.max(...pausesMs) <= 12_030, String(pausesMs));
    assert.ok(Math.max(...pausesMs) - Math.min(...pausesMs) > 1_000, String(pausesMs));
  });

  it("asks before a stream on a connection that was silent for long only", () => {
    const scene = new Scene({ intervalMs: NONE, idleIntervalMs: 5_000 });
    scene.clock.advanceMs(4_000);
    scene.keepalive.beforeStream(scene.clock.nowMs());
    scene.hear("data");
    scene.clock.advanceMs(4_000);
    scene.keepalive.beforeStream(scene.clock.nowMs());
    assert.equal(scene.pingedAtMs.length, 0);
    scene.clock.advanceMs(1_500);
    scene.keepalive.beforeStream(scene.clock.nowMs());
    scene.keepalive.beforeStream(scene.clock.nowMs());
    assert.equal(scene.pingedAtMs.length, 1);
    scene.hear("pong");
    scene.clock.advanceMs(20_000);
    assert.equal(scene.endedAtMs, NONE);
    assert.equal(scene.pingedAtMs.length, 1);
  });
});
