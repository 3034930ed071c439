import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { BACKLOG_BYTES_MAX, type TapSink, TapStream } from "../../../../src/control/admin/tap/tap-stream.ts";
import { readTapAsk } from "../../../../src/control/admin/tap/tap-terms.ts";
import { TAPS_MAX, WatchDesk } from "../../../../src/control/admin/tap/watch-desk.ts";
import type { TappedRequest, WatchTerms, WatchTold } from "../../../../src/telemetry/request-watch.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

/** A response that is read, or is not. */
class Sink implements TapSink {
  writableLength = 0;
  text = "";
  isDestroyed = false;
  isEnded = false;
  private onClose: () => void = () => {};

  write(text: string): void {
    this.text += text;
  }

  end(text: string): void {
    this.text += text;
    this.isEnded = true;
    this.onClose();
  }

  destroy(): void {
    this.isDestroyed = true;
    this.onClose();
  }

  once(_: "close", listener: () => void): void {
    this.onClose = listener;
  }

  leave(): void {
    this.onClose();
  }
}

let clock: VirtualClock;
let desk: WatchDesk;
let said: WatchTerms[];
let tell: (slot: number, told: WatchTold) => void;

function open(query: string = ""): Sink | null {
  const sink = new Sink();
  const ask = readTapAsk(new URLSearchParams(query), []);
  assert.ok(typeof ask !== "string", String(ask));
  return new TapStream(sink, clock.wheel, "lines", ask).begin(desk, ask, () => {}) ? sink : null;
}

function told(id: number, count: number, dropped: number = 0): WatchTold {
  const requests = Array.from({ length: count }, () => ({ path: "/" }) as TappedRequest);
  return { load: null, times: [], ended: count, taps: [{ id, requests, dropped }] };
}

const lastTaps = (): number => said.at(-1)?.taps.length ?? 0;

describe("readers of the tap", () => {
  beforeEach(() => {
    clock = new VirtualClock();
    said = [];
    desk = new WatchDesk({
      clock,
      wheel: clock.wheel,
      redacts: ["cookie"],
      requests: {
        watch: (terms) => said.push(terms),
        hear: (listener) => {
          tell = listener;
        },
      },
    });
  });

  it("make workers watch as long as somebody reads, and not a moment longer", () => {
    assert.equal(said.length, 0);
    const sink = open("status=5xx&sample=10");
    assert.deepEqual([said.length, said[0]?.times, said[0]?.redacts], [1, false, ["cookie"]]);
    const [terms] = said[0]?.taps ?? [];
    assert.deepEqual([terms?.classes, terms?.share], [[5], 0.1]);
    clock.advanceMs(10_000);
    assert.ok(said.length >= 5);
    assert.ok(said.every(({ leaseMs }) => leaseMs > 2_500));
    sink?.leave();
    assert.equal(lastTaps(), 0);
    const count = said.length;
    clock.advanceMs(60_000);
    assert.equal(said.length, count);
  });

  it("that do not read are told less, then cut off; the others notice nothing", () => {
    const [deaf, other] = [open(), open()];
    assert.ok(deaf !== null && other !== null);
    deaf.writableLength = BACKLOG_BYTES_MAX + 1;
    for (let i = 0; i < 4; i++) {
      tell(0, { ...told(1, 5), taps: [...told(1, 5).taps, ...told(2, 5).taps] });
      clock.advanceMs(2_000);
    }
    assert.deepEqual([deaf.text, deaf.isDestroyed], ["", false]);
    deaf.writableLength = 0;
    clock.advanceMs(2_000);
    assert.equal(deaf.text, '{"dropped":20}\n');
    deaf.writableLength = BACKLOG_BYTES_MAX + 1;
    clock.advanceMs(12_000);
    assert.equal(deaf.isDestroyed, true);
    assert.equal(other.text.split("\n").filter((line) => line.startsWith('{"worker":0')).length, 20);
    assert.equal(lastTaps(), 1);
  });

  it("are so many at most, and end with their time or their count", () => {
    const sinks = Array.from({ length: TAPS_MAX }, () => open("seconds=5"));
    assert.equal(open(), null);
    tell(1, told(1, 0, 7));
    clock.advanceMs(7_000);
    assert.ok(sinks.every((sink) => sink?.isEnded === true));
    assert.match(sinks[0]?.text ?? "", /\{"over":"its time is over: ask again","dropped":7\}\n$/);
    const counted = open("count=3");
    tell(1, told(TAPS_MAX + 1, 9));
    assert.equal(counted?.isEnded, true);
    assert.equal(counted?.text.split("\n").filter((line) => line.startsWith('{"worker":1')).length, 3);
    assert.equal(lastTaps(), 0);
  });

  it("are not the only ones: whoever looks at times is told of them for a while", () => {
    desk.lookAtTimes();
    desk.lookAtTimes();
    assert.deepEqual([said.length, said[0]?.times], [1, true]);
    const load = { cpu: 0.5, busy: 0.4, connections: 3, requests: 2 };
    tell(1, { load, times: [], ended: 0, taps: [] });
    assert.deepEqual([desk.loadOf(1), desk.loadOf(0)], [load, null]);
    clock.advanceMs(4_000);
    assert.equal(desk.loadOf(1), null);
    clock.advanceMs(6_000);
    assert.equal(said.at(-1)?.times, false);
  });
});
