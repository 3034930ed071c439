// Which ports the demo uses: those that its files and documents name where they are free, any free one else.
import type { AddressProbes } from "../addresses.ts";

/** The real port for each wanted one. */
export async function choosePorts(
  wanted: readonly number[],
  probes: AddressProbes,
): Promise<ReadonlyMap<number, number>> {
  const chosen = new Map<number, number>();
  for (const port of wanted) {
    const fault = await probes.checkAddressFree({ kind: "socket", host: LOOPBACK, port, ipv4Compat: false });
    const avoid = new Set([...wanted, ...chosen.values()]);
    chosen.set(port, fault === null ? port : await anyFree(avoid, probes));
  }
  return chosen;
}

/** What a reader of the documents should know: which ports stand for theirs; empty: all are the documents' own. */
export function takenText(chosen: ReadonlyMap<number, number>): string {
  const others = [...chosen].filter(([documented, real]) => documented !== real);
  if (others.length === 0) return "";
  return `Ports that are taken here, and what stands for them: ${others.map((pair) => pair.join(" → ")).join(", ")}\n`;
}

async function anyFree(avoid: ReadonlySet<number>, probes: AddressProbes): Promise<number> {
  for (;;) {
    const port = await probes.findFreePort(LOOPBACK);
    if (typeof port !== "number") throw new Error(`no free port on loopback: ${port.text}`);
    if (!avoid.has(port)) return port;
  }
}

const LOOPBACK = "127.0.0.1";
