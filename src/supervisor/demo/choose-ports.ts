// Which ports the demo uses: those that its files and documents name where they are free, any free one else.
import type { AddressPlan } from "../../config/plan/address.ts";
import type { ProbeAddress } from "../addresses.ts";

/** The real port for each wanted one. */
export async function choosePorts(
  wanted: readonly number[],
  probe: ProbeAddress,
): Promise<ReadonlyMap<number, number>> {
  const chosen = new Map<number, number>();
  for (const port of wanted) {
    const found = await probe(loopback(port));
    chosen.set(port, found.free ? port : await anyFree(new Set([...wanted, ...chosen.values()]), probe));
  }
  return chosen;
}

async function anyFree(avoid: ReadonlySet<number>, probe: ProbeAddress): Promise<number> {
  for (;;) {
    const found = await probe(loopback(0));
    if (!found.free) throw new Error(`no free port on loopback: ${found.text}`);
    if (!avoid.has(found.port)) return found.port;
  }
}

function loopback(port: number): AddressPlan {
  return { kind: "socket", host: "127.0.0.1", port, ipv4Compat: false };
}
