// The table of RFC 9113 §5.1, read back row by row.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Refusal, StreamEvent, StreamState, transition } from "../../../src/protocol/h2/stream-state.ts";

const S = StreamState;
const ROWS: readonly (readonly [state: keyof typeof S, event: keyof typeof StreamEvent, next: number])[] = [
  ["Idle", "SendHeaders", S.Open],
  ["Idle", "RecvHeaders", S.Open],
  ["Idle", "RecvData", Refusal.Idle],
  ["Idle", "RecvReset", Refusal.Idle],
  ["Idle", "RecvWindowUpdate", Refusal.Idle],
  ["Idle", "SendEnd", Refusal.Local],
  ["Open", "SendHeaders", S.Open],
  ["Open", "RecvHeaders", S.Open],
  ["Open", "RecvData", S.Open],
  ["Open", "SendEnd", S.HalfClosedLocal],
  ["Open", "RecvEnd", S.HalfClosedRemote],
  ["Open", "SendReset", S.Closed],
  ["Open", "RecvReset", S.Closed],
  ["HalfClosedLocal", "RecvData", S.HalfClosedLocal],
  ["HalfClosedLocal", "RecvHeaders", S.HalfClosedLocal],
  ["HalfClosedLocal", "RecvEnd", S.Closed],
  ["HalfClosedLocal", "SendHeaders", Refusal.Local],
  ["HalfClosedLocal", "SendEnd", Refusal.Local],
  ["HalfClosedLocal", "RecvWindowUpdate", S.HalfClosedLocal],
  ["HalfClosedRemote", "SendHeaders", S.HalfClosedRemote],
  ["HalfClosedRemote", "SendEnd", S.Closed],
  ["HalfClosedRemote", "RecvData", Refusal.HalfClosed],
  ["HalfClosedRemote", "RecvHeaders", Refusal.HalfClosed],
  ["HalfClosedRemote", "RecvEnd", Refusal.HalfClosed],
  ["HalfClosedRemote", "RecvWindowUpdate", S.HalfClosedRemote],
  ["HalfClosedRemote", "RecvReset", S.Closed],
  ["Closed", "SendHeaders", Refusal.Local],
  ["Closed", "SendEnd", Refusal.Local],
  ["Closed", "SendReset", Refusal.Local],
  ["Closed", "RecvData", Refusal.Closed],
  ["Closed", "RecvHeaders", Refusal.Closed],
  ["Closed", "RecvReset", S.Closed],
  ["Closed", "RecvWindowUpdate", S.Closed],
];

describe("the stream states of RFC 9113 §5.1", () => {
  for (const [state, event, next] of ROWS) {
    it(`answers ${event} in ${state} with ${next}`, () => {
      assert.equal(transition(S[state], StreamEvent[event]), next);
    });
  }
});
