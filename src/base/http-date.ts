// The date header (RFC 9110 §5.6.7): of a given time, and of now, made once a second.
import type { Clock } from "./clock.ts";

/** `Sat, 21 Nov 2026 07:14:00 GMT` (RFC 9110 §5.6.7) of milliseconds since 1970. */
export function httpDate(wallMs: number): string {
  return new Date(wallMs).toUTCString();
}

/** Gives the current date as bytes; shared by everything on a thread that writes dates. */
export class HttpDate {
  private readonly clock: Clock;
  private second = -1;
  private current: Buffer = Buffer.alloc(0);

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** `Sat, 21 Nov 2026 04:05:42 GMT`; the same bytes until the second is over. Not to be changed. */
  bytes(): Uint8Array {
    const wallMs = this.clock.wallMs();
    const second = Math.floor(wallMs / 1000);
    if (second !== this.second) {
      this.second = second;
      this.current = Buffer.from(httpDate(wallMs), "latin1");
    }
    return this.current;
  }
}
