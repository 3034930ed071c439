// IP addresses as bytes, and sets of networks. No sockets: it only reads texts.

/** The 4 or 16 bytes of an address, null when the text is none. An IPv4-mapped IPv6 address is its IPv4 one. No zone, no port. */
export function parseIp(text: string): Uint8Array | null {
  if (text.includes(":")) return parseIp6(text);
  return parseIp4(text);
}

/** The text of an address of 4 or 16 bytes in the one form that RFC 5952 §4 recommends. */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] as number) << 8) | (bytes[2 * at + 1] as number));
  let [start, length] = [0, 1]; // a single zero group is written
  for (let at = 0; at < groups.length; at++) {
    let end = at;
    while (groups[end] === 0) end++;
    if (end - at > length) [start, length] = [at, end - at];
  }
  const texts = groups.map((group) => group.toString(16));
  if (length === 1) return texts.join(":");
  return `${texts.slice(0, start).join(":")}::${texts.slice(start + length).join(":")}`;
}

/** `10.1.2.3/8` as `10.0.0.0/8`: without the bits behind its length, which is at most that of the address. Null when it is no network. */
export function networkText(address: string, length: number): string | null {
  const bytes = parseIp(address);
  if (bytes === null) return null;
  // The length of a mapped IPv4 network counts the 96 bits of its prefix.
  const given = bytes.length === 4 && address.includes(":") ? Math.max(0, length - 96) : length;
  const bits = Math.min(given, bytes.length * 8);
  const kept = bytes.map((byte, at) => byte & (0xff00 >> Math.max(0, Math.min(8, bits - 8 * at))));
  return `${ipText(kept)}/${bits}`;
}

/** Whether a host, IPv6 in brackets or not, is this machine itself wherever it is said. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === "localhost") return true;
  const bytes = parseIp(host.replace(/^\[|\]$/g, ""));
  if (bytes === null) return false;
  return bytes.length === 4 ? bytes[0] === 127 : bytes.every((byte, at) => byte === (at === 15 ? 1 : 0));
}

/** Whether an address belongs to one of some networks. */
export class NetworkSet {
  private readonly networks: { readonly bytes: Uint8Array; readonly bits: number }[] = [];

  /** `10.0.0.0/8`, `::1/128`; without a length the whole address. Throws when a text is no network: the plan was checked before. */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) {
      const [address = "", length] = cidr.split("/");
      const bytes = parseIp(address);
      if (bytes === null) throw new Error(`not a network: ${cidr}`);
      const bits = length === undefined ? bytes.length * 8 : Number(length);
      // The length of a mapped IPv4 network counts the 96 bits of its prefix.
      this.networks.push({ bytes, bits: bytes.length === 4 && address.includes(":") ? Math.max(0, bits - 96) : bits });
    }
  }

  has(address: Uint8Array): boolean {
    for (const network of this.networks) if (contains(network.bytes, network.bits, address)) return true;
    return false;
  }

  /** The length in bits of the narrowest network with this address; -1: none has it. */
  narrowest(address: Uint8Array): number {
    let narrowest = -1;
    for (const { bytes, bits } of this.networks) {
      if (bits > narrowest && contains(bytes, bits, address)) narrowest = bits;
    }
    return narrowest;
  }
}

function contains(network: Uint8Array, bits: number, address: Uint8Array): boolean {
  if (network.length !== address.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (network[i] !== address[i]) return false;
  const rest = bits & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return (((network[whole] as number) ^ (address[whole] as number)) & mask) === 0;
}

function parseIp4(text: string): Uint8Array | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const part = parts[i] as string;
    if (!DECIMAL.test(part) || Number(part) > 255) return null;
    bytes[i] = Number(part);
  }
  return bytes;
}

function parseIp6(text: string): Uint8Array | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] as string, halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1] as string, true) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 8; i++) {
    bytes[2 * i] = (groups[i] as number) >> 8;
    bytes[2 * i + 1] = (groups[i] as number) & 0xff;
  }
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return mapped ? bytes.slice(12) : bytes;
}

function groupsOf(text: string, endsAddress: boolean): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (HEX_GROUP.test(part)) groups.push(Number.parseInt(part, 16));
    else {
      // An IPv4 address may stand for the last two groups of the whole (RFC 4291 §2.2).
      const quad = endsAddress && i === parts.length - 1 ? parseIp4(part) : null;
      if (quad === null) return null;
      groups.push(((quad[0] as number) << 8) | (quad[1] as number), ((quad[2] as number) << 8) | (quad[3] as number));
    }
  }
  return groups;
}

const DECIMAL = /^(0|[1-9]\d{0,2})$/;
const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/;
