// The subject and issuer of a certificate in the words of RFC 2253 as Envoy's TLS library says them: last part first, special and non-ASCII
// bytes escaped, unknown types as numbers with a dump. Read from the DER, as Node's own text tells neither. Called by
// dataplane/exchange/client-certificate.ts, once a connection.

/** Subject and issuer of one certificate. */
export interface CertificateNames {
  readonly subject: string;
  readonly issuer: string;
}

/** Reads them from a whole certificate in DER form, one that the TLS library has parsed. */
export function certificateNames(der: Uint8Array): CertificateNames {
  const [toBeSigned] = parts(der, partAt(der, 0));
  const fields = toBeSigned === undefined ? [] : parts(der, toBeSigned);
  // Behind an optional version: serial number, algorithm, issuer, validity, subject.
  const from = fields[0]?.tag === VERSION ? 3 : 2;
  return { issuer: nameText(der, fields[from]), subject: nameText(der, fields[from + 2]) };
}

/** One value of DER: its tag, where it starts, and where its content starts and ends. */
interface Part {
  readonly tag: number;
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

function partAt(der: Uint8Array, at: number): Part {
  const first = der[at + 1] ?? 0;
  if (first < 0x80) return { tag: der[at] ?? 0, at, start: at + 2, end: at + 2 + first };
  let length = 0;
  const lengthBytes = first & 0x7f;
  for (let i = 0; i < lengthBytes; i++) length = length * 256 + (der[at + 2 + i] ?? 0);
  const start = at + 2 + lengthBytes;
  return { tag: der[at] ?? 0, at, start, end: start + length };
}

function parts(der: Uint8Array, whole: Part): Part[] {
  const found: Part[] = [];
  for (let at = whole.start; at < whole.end; ) {
    const part = partAt(der, at);
    found.push(part);
    at = part.end;
  }
  return found;
}

function nameText(der: Uint8Array, name: Part | undefined): string {
  if (name === undefined) return "";
  const sets = parts(der, name).reverse();
  return sets
    .map((set) =>
      parts(der, set)
        .reverse()
        .map((pair) => pairText(der, pair))
        .join("+"),
    )
    .join(",");
}

function pairText(der: Uint8Array, pair: Part): string {
  const [type, value] = parts(der, pair);
  if (type === undefined || value === undefined) return "";
  const number = objectId(der, type);
  const name = TYPES[number];
  const decode = DECODERS[value.tag];
  const bytes = Buffer.from(der.subarray(value.start, value.end));
  if (name !== undefined && decode !== undefined) return `${name}=${escaped(decode(bytes))}`;
  return `${name ?? number}=#${Buffer.from(der.subarray(value.at, value.end)).toString("hex").toUpperCase()}`;
}

function objectId(der: Uint8Array, { start, end }: Part): string {
  const numbers: number[] = [];
  let number = 0;
  for (let i = start; i < end; i++) {
    const byte = der[i] as number;
    number = number * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (numbers.length === 0) {
      const top = Math.min(2, Math.floor(number / 40));
      numbers.push(top, number - top * 40);
    } else numbers.push(number);
    number = 0;
  }
  return numbers.join(".");
}

function escaped(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  let out = "";
  bytes.forEach((byte, i) => {
    const character = String.fromCharCode(byte);
    const isAtEdge = (i === 0 && (byte === HASH || byte === SPACE)) || (i === bytes.length - 1 && byte === SPACE);
    if (byte < SPACE || byte >= DELETE) out += `\\${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    else out += isAtEdge || SPECIAL.includes(character) ? `\\${character}` : character;
  });
  return out;
}

function wide(bytes: Buffer, width: number): string {
  let text = "";
  for (let at = 0; at + width <= bytes.length; at += width) {
    const code = bytes.readUIntBE(at, width);
    text += code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
  }
  return text;
}

const latin1 = (bytes: Buffer): string => bytes.toString("latin1");

/** By the tag of a string type; others are dumped. */
const DECODERS: Readonly<Record<number, (bytes: Buffer) => string>> = {
  12: (bytes) => bytes.toString("utf8"),
  18: latin1,
  19: latin1,
  20: latin1,
  22: latin1,
  23: latin1,
  24: latin1,
  26: latin1,
  28: (bytes) => wide(bytes, 4),
  30: (bytes) => wide(bytes, 2),
};

/** Short names of the types that stand in certificates. */
const TYPES: Readonly<Record<string, string>> = {
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
  "1.2.840.113549.1.9.2": "unstructuredName",
  "1.2.840.113549.1.9.8": "unstructuredAddress",
  "2.5.4.3": "CN",
  "2.5.4.4": "SN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "street",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.12": "title",
  "2.5.4.13": "description",
  "2.5.4.15": "businessCategory",
  "2.5.4.16": "postalAddress",
  "2.5.4.17": "postalCode",
  "2.5.4.18": "postOfficeBox",
  "2.5.4.20": "telephoneNumber",
  "2.5.4.41": "name",
  "2.5.4.42": "GN",
  "2.5.4.43": "initials",
  "2.5.4.44": "generationQualifier",
  "2.5.4.45": "x500UniqueIdentifier",
  "2.5.4.46": "dnQualifier",
  "2.5.4.65": "pseudonym",
};

const VERSION = 0xa0;
const SPACE = 0x20;
const HASH = 0x23;
const DELETE = 0x7f;
const SPECIAL = ',+"\\<>;';
