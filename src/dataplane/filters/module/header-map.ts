// The fields of a message as a filter module sees them. Checks what a module writes; never reaches a list that is another message's by now.
import type { HeaderList } from "../../../protocol/header-list.ts";
import type { HeaderMap } from "./contract.ts";

/** Where the list is now; null: the message is gone. */
export type ListSource = () => HeaderList | null;

/** One message's fields. */
export class ModuleHeaders implements HeaderMap {
  private readonly source: ListSource;

  constructor(source: ListSource) {
    this.source = source;
  }

  get(name: string): string | undefined {
    const list = this.source();
    if (list !== null && isStatus(list, name)) return String(list.status);
    return list?.valueByName(name.toLowerCase());
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  set(name: string, value: string): void {
    const list = this.source();
    const lower = writable(name, value);
    if (list === null) return;
    if (lower === ":status") setStatus(list, value);
    else list.set(lower, value);
  }

  add(name: string, value: string): void {
    const lower = writable(name, value);
    if (lower.startsWith(":")) throw new TypeError(`${lower} can be set, not added`);
    this.source()?.add(lower, value);
  }

  remove(name: string): boolean {
    if (name.startsWith(":")) throw new TypeError(`${name} cannot be removed`);
    return this.source()?.removeName(name.toLowerCase()) === true;
  }

  entries(): readonly (readonly [string, string])[] {
    const list = this.source();
    if (list === null) return [];
    return list.status === 0 ? list.entries() : [[":status", String(list.status)], ...list.entries()];
  }
}

/** The lower-case name of a field that may be written. */
export function writable(name: string, value: string): string {
  const lower = name.toLowerCase();
  if (lower.startsWith(":") ? !PSEUDO.has(lower) : !TOKEN.test(lower))
    throw new TypeError(`illegal name of a field: ${name}`);
  if (FRAMING.has(lower)) throw new TypeError(`${lower} is not a filter's to set`);
  if (ILLEGAL_VALUE.test(value)) throw new TypeError(`illegal value of the field ${lower}`);
  if (lower === "content-length" && !/^\d{1,16}$/.test(value)) throw new TypeError("content-length is a number");
  return lower;
}

function isStatus(list: HeaderList, name: string): boolean {
  return name === ":status" && list.status !== 0;
}

function setStatus(list: HeaderList, value: string): void {
  if (list.status === 0 || !/^[2-5]\d\d$/.test(value)) throw new TypeError(`illegal :status ${value}`);
  list.status = Number(value);
}

const PSEUDO: ReadonlySet<string> = new Set([":method", ":scheme", ":authority", ":path", ":status"]);
const FRAMING: ReadonlySet<string> = new Set([
  "connection",
  "host",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);
const TOKEN = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a value may not have
const ILLEGAL_VALUE = /[\x00-\x08\x0a-\x1f\x7f]|^[ \t]|[ \t]$/;
