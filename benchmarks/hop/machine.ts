// The machine that a benchmark runs on: its name in reports, and its free ports.
import { createServer } from "node:net";
import { cpus, release, totalmem } from "node:os";

/** Processor, cores, memory, kernel and the day. */
export function machine(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  const day = new Date().toISOString().slice(0, 10);
  return `Machine: ${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores, ${memory} GiB, Linux ${release()}; ${day}`;
}

/** A free port below 32768, where no outgoing connection takes it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
