// Which of some processes made a connection to the test, from the kernel's own tables: so an endpoint knows who probes it.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Socket } from "node:net";

/** Names for the processes that connections come from. */
export class ConnectionOwners {
  private readonly names = new Map<number, string>();
  private readonly known = new WeakMap<Socket, string>();

  /** Connections of this process are this one's from now on. */
  add(pid: number, name: string): void {
    this.names.set(pid, name);
  }

  /** Who made it; looked up once, while it stands. Empty: none of them. */
  ownerOf(socket: Socket): string {
    const known = this.known.get(socket);
    if (known !== undefined) return known;
    const inode = inodeOf(socket.remotePort ?? 0, socket.localPort ?? 0);
    const pid = [...this.names.keys()].find((one) => holds(one, `socket:[${inode}]`));
    const name = this.names.get(pid ?? 0) ?? "";
    this.known.set(socket, name);
    return name;
  }
}

function inodeOf(from: number, to: number): string {
  const [fromHex, toHex] = [from, to].map((port) => port.toString(16).toUpperCase().padStart(4, "0"));
  const line = new RegExp(`^ *\\d+: \\w+:${fromHex} \\w+:${toHex} .*$`, "m").exec(
    readFileSync("/proc/net/tcp", "latin1"),
  );
  return line?.[0].trim().split(/ +/)[9] ?? "";
}

function holds(pid: number, link: string): boolean {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((file) => linkOf(`${folder}/${file}`) === link);
  } catch {
    return false; // it has ended
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // closed since
  }
}
