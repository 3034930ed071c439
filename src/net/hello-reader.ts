// Waits for the first bytes of an accepted connection until it is clear whether they are a ClientHello, and which. Called by
// listen.ts for listeners whose chains depend on it; the bytes go on to whoever serves the connection.
import type { Socket } from "node:net";
import { Timer } from "../base/timer-wheel.ts";
import { HELLO_BYTES_MAX, type HelloReading, readClientHello } from "./client-hello.ts";
import type { NetContext } from "./net-context.ts";

/** What the first bytes turned out to be. */
export type ClearHello = Exclude<HelloReading, { kind: "incomplete" }>;

/** How the wait ended; `closed`: the client went away or said too much. */
export type HelloOutcome = ClearHello | { readonly kind: "timeout" | "closed" };

/** Reads the paused socket until the outcome is clear. The bytes are back in the socket, which is paused again, when `done` is called. */
export function readHello(
  net: NetContext,
  socket: Socket,
  timeoutMs: number,
  done: (outcome: HelloOutcome) => void,
): void {
  let seen: Buffer = NOTHING;
  const finish = (outcome: HelloOutcome): void => {
    net.wheel.remove(timer);
    socket.off("data", onData);
    socket.off("end", onGone);
    socket.off("close", onGone);
    socket.pause();
    if (seen.length > 0) socket.unshift(seen);
    done(outcome);
  };
  const onData = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const reading = readClientHello(seen);
    if (reading.kind !== "incomplete") finish(reading);
    else if (seen.length > HELLO_BYTES_MAX) finish({ kind: "closed" });
  };
  const onGone = (): void => finish({ kind: "closed" });
  const timer = new Timer(() => finish({ kind: "timeout" }));
  net.wheel.arm(timer, timeoutMs);
  // An error is followed by close; without this listener it would be thrown.
  socket.on("error", ignore);
  socket.on("data", onData);
  socket.once("end", onGone);
  socket.once("close", onGone);
  socket.resume();
}

function ignore(): void {}

const NOTHING = Buffer.alloc(0);
