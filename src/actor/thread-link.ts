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
  /** Hear the next sign of life of the other end. */
  private waiting: (() => void)[] = [];
  private closed = false;

  constructor(port: MessagePort) {
    this.port = port;
  }

  /** `transfer`: ports and memory in the message, which belong to the other side from now on. */
  send(message: Out, transfer: readonly (MessagePort | ArrayBuffer)[] = []): void {
    if (!this.closed) this.port.postMessage(message, transfer);
  }

  receive(receiver: (message: In) => void): void {
    const first = this.receiver === null;
    this.receiver = receiver;
    if (first) this.port.on("message", (message: In | Pulse) => this.take(message));
  }

  /** Asks the other end for a sign of life: called when its loop has come to it. Never, when it ends or receives nothing. */
  ask(onSign: () => void): void {
    if (this.closed) return;
    this.waiting.push(onSign);
    this.port.postMessage("sign-asked" satisfies Pulse);
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
      this.take(entry.message as In | Pulse);
    }
  }

  private take(message: In | Pulse): void {
    if (message === "sign-asked") {
      if (!this.closed) this.port.postMessage("sign-given" satisfies Pulse);
    } else if (message === "sign-given") this.waiting.shift()?.();
    else this.receiver?.(message as In);
  }
}

/** Between the ends themselves. */
type Pulse = "sign-asked" | "sign-given";

/** A fresh pair: our end, and the port to hand to the other thread (in its transfer list). */
export function threadLink<In, Out>(): { link: ThreadLink<In, Out>; port: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  return { link: new ThreadLink<In, Out>(port1), port: port2 };
}
