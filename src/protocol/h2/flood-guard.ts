// Counts of frames that cost us more than they cost the peer, each with its limit. One per connection; every method answers whether
// the limit is passed, and the connection ends it with ENHANCE_YOUR_CALM.
import { EARLY_RESET_AGE_MS, EARLY_RESET_STREAMS } from "./limits.ts";
import type { Http2Options } from "./options.ts";

/** Counters of one connection; rates are of fixed seconds that start with the first frame after the last one. */
export class FloodGuard {
  /** Streams opened so far, for the formulas of PRIORITY and WINDOW_UPDATE. */
  streamsOpened: number = 0;
  /** DATA frames sent so far. */
  dataSent: number = 0;
  private readonly options: Http2Options;
  private secondMs = Number.NEGATIVE_INFINITY;
  private resets = 0;
  private pings = 0;
  private settings = 0;
  private emptyData = 0;
  private priorities = 0;
  private windowUpdates = 0;
  private ownResets = 0;
  private streamsClosed = 0;
  private streamsEarly = 0;
  private controlQueued = 0;
  private streamsStalled = 0;
  /** Looks since the client was last seen to take something, -1: it is not suspected. */
  private looks = -1;
  private progressSeen = 0;

  constructor(options: Http2Options) {
    this.options = options;
  }

  /** Starts a new second when the last one is over. */
  tick(nowMs: number): void {
    if (nowMs - this.secondMs < 1_000) return;
    this.secondMs = nowMs;
    this.resets = 0;
    this.pings = 0;
    this.settings = 0;
    this.emptyData = 0;
  }

  /** The socket took what was queued. */
  drained(): void {
    this.controlQueued = 0;
  }

  /** RST_STREAM from a client. */
  resetFloods(): boolean {
    return ++this.resets > this.options.resetsPerSecondMax;
  }

  pingFloods(): boolean {
    return ++this.pings > this.options.pingsPerSecondMax;
  }

  settingsFloods(): boolean {
    return ++this.settings > this.options.settingsPerSecondMax;
  }

  /** DATA without content that does not end its stream. */
  emptyDataFloods(): boolean {
    return ++this.emptyData > this.options.emptyDataPerSecondMax;
  }

  /** Envoy's formula of max_inbound_priority_frames_per_stream. */
  priorityFloods(): boolean {
    return ++this.priorities > this.options.priorityPerStreamMax * (1 + this.streamsOpened);
  }

  /** Envoy's formula of max_inbound_window_update_frames_per_data_frame_sent. */
  windowUpdateFloods(): boolean {
    const allowed = 5 + 2 * (this.streamsOpened + this.options.windowUpdatesPerDataMax * this.dataSent);
    return ++this.windowUpdates > allowed;
  }

  /** A frame that answers one of the peer's was queued. */
  controlFloods(): boolean {
    return ++this.controlQueued > this.options.controlFramesQueuedMax;
  }

  /** We sent RST_STREAM because of the peer's fault. */
  ownResetFloods(): boolean {
    return ++this.ownResets > this.options.serverResetsMax;
  }

  /** We reset a stream whose client took nothing of it: whether that is too many, and most of its streams. */
  stallFloods(): boolean {
    this.streamsStalled++;
    this.suspect();
    return this.streamsStalled >= this.options.stalledStreamsMax && this.streamsStalled * 2 > this.streamsOpened;
  }

  /** A stream ended of which bytes waited for the client: it is to show that it takes something. */
  suspect(): void {
    if (this.looks >= 0 || this.options.stalledStreamsMax === Number.POSITIVE_INFINITY) return;
    this.looks = 0;
    this.progressSeen = this.progress();
  }

  /** Called once a stall time: whether a suspected client took nothing for a whole one, `allWait` being true of what is open. */
  stallGoesOn(allWait: boolean): boolean {
    if (this.looks < 0) return false;
    if (this.progress() !== this.progressSeen) this.looks = -1;
    else if (allWait) return this.looks++ > 0;
    return false;
  }

  isSuspect(): boolean {
    return this.looks >= 0;
  }

  /** A client's stream is over, however it ended. */
  streamEnded(): void {
    this.streamsClosed++;
  }

  /** Grows with every frame of DATA that goes out and every stream that ends without having stalled. */
  private progress(): number {
    return this.dataSent + this.streamsClosed - this.streamsStalled;
  }

  /** A client reset a stream of this age: whether half of the streams ended like that, the first hundred counted as one batch. */
  earlyResetFloods(ageMs: number): boolean {
    if (ageMs < EARLY_RESET_AGE_MS) this.streamsEarly++;
    return this.streamsEarly * 2 > Math.max(this.streamsClosed, EARLY_RESET_STREAMS);
  }
}
