// One end of a typed link between two threads, over a MessagePort. Carries facts and orders as plain data; knows no actor.
// What a slow reader may have waiting is bounded by the sender: state travels as merged deltas that wait for an acknowledgement.
import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";

/** Sends `Out`, receives `In`. */
export interface Link<In, Out> {
  /** Sends a message by structured clone; nothing happens after `close`. */
  send(message: Out): void;
  /** Receives messages from now on; replaces an earlier receiver. Those that came before wait. */
  receive(receiver: (message: In) => void): void;
  /** Ends both ends. */
  close(): void;
}

/** A link over a MessagePort. Its receiver keeps the thread alive until `close`. */
export class ThreadLink<In, Out> implements Link<In, Out> {
  private readonly port: MessagePort;
  private receiver: ((message: In) => void) | null = null;
  private closed = false;

  constructor(port: MessagePort) {
    this.port = port;
  }

  /** `transfer`: ports in the message, which belong to the other side from now on. */
  send(message: Out, transfer: readonly MessagePort[] = []): void {
    if (!this.closed) this.port.postMessage(message, transfer);
  }

  receive(receiver: (message: In) => void): void {
    const first = this.receiver === null;
    this.receiver = receiver;
    if (first) this.port.on("message", (message: In) => this.receiver?.(message));
  }

  /** Calls once when the other end was closed, or its thread has ended; not for a `close` of this one. */
  onGone(listener: () => void): void {
    this.port.once("close", () => {
      if (!this.closed) listener();
    });
  }

  close(): void {
    this.closed = true;
    this.port.close();
  }

  /** Hands over what has come but was not received yet: the last words of a thread that died. */
  drain(): void {
    for (let entry = receiveMessageOnPort(this.port); entry !== undefined; entry = receiveMessageOnPort(this.port)) {
      this.receiver?.(entry.message as In);
    }
  }
}

/** A fresh pair: our end, and the port to hand to the other thread (in its transfer list). */
export function threadLink<In, Out>(): { link: ThreadLink<In, Out>; port: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  return { link: new ThreadLink<In, Out>(port1), port: port2 };
}
