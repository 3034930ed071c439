// One TLS session ticket key per listener for all its workers, so that a session begun on one resumes on any. Rotated every 12 h;
// kept over reloads and worker restarts. Node takes one key of 48 bytes: sessions older than a rotation make a full handshake.
import { randomBytes } from "node:crypto";
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";

/** Tells a new key. */
export type TicketKeyReceiver = (listener: string, keys: Uint8Array) => void;

/** The keys of a node's listeners. */
export class TicketKeys {
  private readonly wheel: TimerWheel;
  private readonly tell: TicketKeyReceiver;
  private readonly keys = new Map<string, Uint8Array>();
  private readonly timer: Timer;

  constructor(wheel: TimerWheel, tell: TicketKeyReceiver) {
    this.wheel = wheel;
    this.tell = tell;
    this.timer = new Timer(() => this.rotate());
    wheel.arm(this.timer, ROTATION_MS);
  }

  /** The key of a listener, made when it is first asked for. */
  of(listener: string): Uint8Array {
    let keys = this.keys.get(listener);
    if (keys === undefined) {
      keys = freshKeys();
      this.keys.set(listener, keys);
    }
    return keys;
  }

  /** Other listeners are gone. */
  keep(listeners: readonly string[]): void {
    for (const listener of this.keys.keys()) if (!listeners.includes(listener)) this.keys.delete(listener);
  }

  /** Ends the rotation. */
  stop(): void {
    this.wheel.remove(this.timer);
  }

  private rotate(): void {
    for (const listener of this.keys.keys()) {
      const keys = freshKeys();
      this.keys.set(listener, keys);
      this.tell(listener, keys);
    }
    this.wheel.arm(this.timer, ROTATION_MS);
  }
}

/** 16 bytes name, 16 bytes HMAC key, 16 bytes AES key. */
function freshKeys(): Uint8Array {
  return new Uint8Array(randomBytes(TICKET_KEY_BYTES));
}

const TICKET_KEY_BYTES = 48;

/** How long a key is used. */
export const ROTATION_MS: number = 12 * 60 * 60 * 1000;
