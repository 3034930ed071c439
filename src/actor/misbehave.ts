// The ways an actor's thread can die, on order: crash tests show with them that a death costs no more than it must.

/** How to die. */
export type Misbehaviour = "throw" | "exit" | "exhaust-heap";

/** Makes this thread die. */
export function misbehave(how: Misbehaviour): void {
  switch (how) {
    case "throw":
      setImmediate(() => {
        throw new Error("told to throw");
      });
      return;
    case "exit":
      process.exit(3);
      return;
    case "exhaust-heap": {
      const hoard: number[][] = [];
      for (;;) hoard.push(new Array<number>(100_000).fill(hoard.length));
    }
  }
}
