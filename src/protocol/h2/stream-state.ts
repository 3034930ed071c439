// The stream states of RFC 9113 §5.1 as one table. Push is off in both roles, so the reserved states do not exist here.

/** States, named as in the RFC. */
export const StreamState = { Idle: 0, Open: 1, HalfClosedLocal: 2, HalfClosedRemote: 3, Closed: 4 } as const;

/** What changes a state, or is refused in one. End: a frame with END_STREAM, after the event of the frame itself. */
export const StreamEvent = {
  SendHeaders: 0,
  SendEnd: 1,
  SendReset: 2,
  RecvHeaders: 3,
  RecvData: 4,
  RecvEnd: 5,
  RecvReset: 6,
  RecvWindowUpdate: 7,
} as const;

/** What `transition` answers when there is no next state. */
export const Refusal = {
  /** Connection error PROTOCOL_ERROR: the stream is idle. */
  Idle: -1,
  /** Stream error STREAM_CLOSED: the peer had ended its side. */
  HalfClosed: -2,
  /** STREAM_CLOSED, of the stream or the connection as it was closed by reset or end. */
  Closed: -3,
  /** Ours: nothing may be sent any more; the call does nothing. */
  Local: -4,
} as const;

/** Next state, or a `Refusal` (negative). */
export function transition(state: number, event: number): number {
  return TABLE[state * EVENTS + event] as number;
}

const EVENTS = 8;
const { Open, HalfClosedLocal: HcLocal, HalfClosedRemote: HcRemote, Closed } = StreamState;
const { Idle: NoIdle, HalfClosed: NoHalf, Closed: NoClosed, Local: NoLocal } = Refusal;

// Columns in the order of StreamEvent: SendHeaders, SendEnd, SendReset, RecvHeaders, RecvData, RecvEnd, RecvReset, RecvWindowUpdate.
// biome-ignore format: a table
const TABLE: Int8Array = Int8Array.of(
  Open,     NoLocal, Closed,  Open,     NoIdle,   NoIdle,   NoIdle, NoIdle,   // idle
  Open,     HcLocal, Closed,  Open,     Open,     HcRemote, Closed, Open,     // open
  NoLocal,  NoLocal, Closed,  HcLocal,  HcLocal,  Closed,   Closed, HcLocal,  // half-closed (local)
  HcRemote, Closed,  Closed,  NoHalf,   NoHalf,   NoHalf,   Closed, HcRemote, // half-closed (remote)
  NoLocal,  NoLocal, NoLocal, NoClosed, NoClosed, NoClosed, Closed, Closed,   // closed
);
