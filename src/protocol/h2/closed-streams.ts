// How the last closed streams of a connection ended, because what may still come for them depends on it (RFC 9113 §5.1). Asked only on
// frames for streams that are not open.
import { CLOSED_REMEMBERED } from "./limits.ts";

/** How a stream closed, and what a late frame for it therefore is. */
export const Ending = {
  /** Never opened, or skipped by a greater id: a connection error PROTOCOL_ERROR. */
  Unused: 0,
  /** Both sides sent END_STREAM: a connection error STREAM_CLOSED. */
  Ended: 1,
  /** We reset it: late frames are the peer's right and are ignored. */
  LocalReset: 2,
  /** The peer reset it: a stream error STREAM_CLOSED. */
  RemoteReset: 3,
  /** Too long ago to know: ignored. */
  Forgotten: 4,
} as const;

/** A ring of the last `CLOSED_REMEMBERED` closed streams. */
export class ClosedStreams {
  private readonly ids: Int32Array = new Int32Array(CLOSED_REMEMBERED);
  private readonly endings: Uint8Array = new Uint8Array(CLOSED_REMEMBERED);
  private count = 0;
  private forgottenMax = 0;

  /** Notes that a stream closed. */
  remember(streamId: number, ending: number): void {
    const at = this.count++ % CLOSED_REMEMBERED;
    const forgotten = this.ids[at] as number;
    if (forgotten > this.forgottenMax) this.forgottenMax = forgotten;
    this.ids[at] = streamId;
    this.endings[at] = ending;
  }

  /** How a stream that is not open ended. */
  endingOf(streamId: number): number {
    for (let i = 0; i < CLOSED_REMEMBERED; i++) {
      if (this.ids[i] === streamId) return this.endings[i] as number;
    }
    return streamId <= this.forgottenMax ? Ending.Forgotten : Ending.Unused;
  }
}
