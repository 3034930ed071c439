import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { HttpDate } from "../../src/base/http-date.ts";
import { formatTime } from "../../src/base/iso-time.ts";

describe("dates", () => {
  it("of headers are made once a second", () => {
    let wallMs = Date.UTC(2026, 10, 21, 4, 5, 42, 980);
    const date = new HttpDate({ nowMs: () => 0, wallMs: () => wallMs });
    const first = date.bytes();
    assert.equal(Buffer.from(first).toString(), "Sat, 21 Nov 2026 04:05:42 GMT");
    wallMs += 10;
    assert.equal(date.bytes(), first);
    wallMs += 10;
    assert.equal(Buffer.from(date.bytes()).toString(), "Sat, 21 Nov 2026 04:05:43 GMT");
  });

  it("of logs have the form that was asked for", () => {
    const wallMs = Date.UTC(2026, 10, 1, 4, 5, 42, 980);
    assert.equal(formatTime(wallMs, "%Y-%m-%dT%H:%M:%E3SZ"), "2026-11-01T04:05:42.980Z");
    assert.equal(formatTime(wallMs, "%s.%3f %a %e %b %% %Q"), "1793505942.980 Sun  1 Nov % %Q");
  });
});
