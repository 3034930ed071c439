// Large answers on their way to clients: sent piece by piece as they are read, cut when nobody reads them, refused when too many wait.
// So a storm of scrapes, or clients that ask and never read, cost a bounded memory. Used by the admin server for every page.
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { addTo } from "../../telemetry/stats-add.ts";
import type { StatSlot, StatsWriter } from "../../telemetry/stats-memory.ts";

/** What it stands on. */
export interface AnswerRoomParts {
  readonly stats: StatsWriter;
  /** Any clock that only goes forward. */
  nowMs(): number;
}

/** The answers that are being sent. */
export class AnswerRoom {
  private readonly parts: AnswerRoomParts;
  private readonly refused: StatSlot;
  private readonly cut: StatSlot;
  private readonly sending = new Map<Socket, Sending>();
  /** Bodies that are on their way, with the number of their readers: one that many read is there once. */
  private readonly bodies = new Map<Buffer, number>();
  private bytes = 0;

  constructor(parts: AnswerRoomParts) {
    this.parts = parts;
    this.refused = parts.stats.counter("starling.admin_answers_refused");
    this.cut = parts.stats.counter("starling.admin_answers_cut");
  }

  /** Whether no large answer is on its way. */
  get isEmpty(): boolean {
    return this.sending.size === 0;
  }

  /**
   * Whether this body may be sent; makes room by cutting who has not read for three seconds. Counts a refusal: also of an answer to a client
   * that asked for more before it had the answer before.
   */
  admits(response: ServerResponse, body: Buffer): boolean {
    if (body.length <= SMALL_BYTES || response.destroyed) return true;
    if (response.socket === null) {
      addTo(this.refused, 1);
      return false;
    }
    while (!this.hasRoom(body)) {
      const slowest = this.slowest();
      if (slowest === null) {
        addTo(this.refused, 1);
        return false;
      }
      this.end(slowest);
    }
    return true;
  }

  /** Sends the rest of a response whose head is written, unless its client is gone. */
  send(response: ServerResponse, body: Buffer): void {
    const { socket } = response;
    if (response.destroyed) return;
    if (body.length <= SMALL_BYTES || socket === null) {
      response.end(body);
      return;
    }
    const nowMs = this.parts.nowMs();
    const sending: Sending = { socket, response, body, at: 0, beganMs: nowMs, readMs: nowMs };
    this.sending.set(socket, sending);
    this.hold(body);
    socket.setTimeout(STALLED_MS);
    response.on("drain", () => this.push(sending));
    response.once("close", () => this.over(sending));
    this.push(sending);
  }

  /** A connection was quiet for too long: whether it had an answer to read, which is counted. */
  hasStalled(socket: Socket): boolean {
    const sending = this.sending.get(socket);
    if (sending !== undefined) this.end(sending);
    return sending !== undefined;
  }

  private push(sending: Sending): void {
    const { response, body } = sending;
    sending.readMs = this.parts.nowMs();
    if (sending.readMs - sending.beganMs > SENDING_MS_MAX) {
      this.end(sending);
      return;
    }
    let takes = true;
    while (takes && sending.at < body.length) {
      const piece = body.subarray(sending.at, sending.at + PIECE_BYTES);
      sending.at += piece.length;
      takes = response.write(piece);
    }
    if (sending.at >= body.length && !response.writableEnded) response.end();
  }

  private hasRoom(body: Buffer): boolean {
    if (this.isEmpty) return true;
    const more = this.bodies.has(body) ? 0 : body.length;
    return this.sending.size < SENDING_MAX && this.bytes + more <= BYTES_MAX;
  }

  private slowest(): Sending | null {
    let slowest: Sending | null = null;
    for (const one of this.sending.values()) if (slowest === null || one.readMs < slowest.readMs) slowest = one;
    return slowest !== null && this.parts.nowMs() - slowest.readMs >= SLOW_MS ? slowest : null;
  }

  private end(sending: Sending): void {
    addTo(this.cut, 1);
    this.over(sending);
    sending.socket.destroy();
  }

  /** Once for each: the response of one that was cut closes, too. */
  private over({ socket, response, body }: Sending): void {
    if (this.sending.get(socket)?.response !== response) return;
    this.sending.delete(socket);
    this.letGo(body);
  }

  private hold(body: Buffer): void {
    const readers = this.bodies.get(body) ?? 0;
    if (readers === 0) this.bytes += body.length;
    this.bodies.set(body, readers + 1);
  }

  private letGo(body: Buffer): void {
    const readers = this.bodies.get(body);
    if (readers === undefined) return;
    if (readers > 1) this.bodies.set(body, readers - 1);
    else {
      this.bodies.delete(body);
      this.bytes -= body.length;
    }
  }
}

/** One answer on its way. */
interface Sending {
  readonly socket: Socket;
  readonly response: ServerResponse;
  readonly body: Buffer;
  /** How much of it was written. */
  at: number;
  readonly beganMs: number;
  /** When its client last took a piece. */
  readMs: number;
}

/** Answers up to this are sent at once and not counted. */
const SMALL_BYTES = 65_536;
const PIECE_BYTES = 262_144;
/** Large answers that are sent at the same time. */
const SENDING_MAX = 64;
/** Bytes of them, bodies that many read counted once; a single one may be larger. */
const BYTES_MAX = 67_108_864;
/** A client that has not read for so long makes room for another one. */
const SLOW_MS = 3_000;
/** A client that has not read for so long is not waited for. */
const STALLED_MS = 10_000;
/** The longest that an answer may take. */
const SENDING_MS_MAX = 60_000;
