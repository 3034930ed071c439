// Wall-clock times as text.

/** `2026-11-21T07:14:00.123Z` of milliseconds since 1970. */
export function isoTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

/** A wall-clock time in a strftime format; `%3f`, `%E3S` and the like are Envoy's for parts of a second. */
export function formatTime(wallMs: number, format: string): string {
  const date = new Date(wallMs);
  const iso = date.toISOString();
  return format.replace(/%(E[1-9]S|[1-9]?[a-zA-Z%])/g, (whole, specifier: string) => {
    const make = SPECIFIERS[specifier];
    return make === undefined ? whole : make(date, iso);
  });
}

type Specifier = (date: Date, iso: string) => string;

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

const SPECIFIERS: Readonly<Record<string, Specifier>> = {
  Y: (_, iso) => iso.slice(0, 4),
  y: (_, iso) => iso.slice(2, 4),
  m: (_, iso) => iso.slice(5, 7),
  d: (_, iso) => iso.slice(8, 10),
  e: (date) => String(date.getUTCDate()).padStart(2, " "),
  H: (_, iso) => iso.slice(11, 13),
  M: (_, iso) => iso.slice(14, 16),
  S: (_, iso) => iso.slice(17, 19),
  F: (_, iso) => iso.slice(0, 10),
  T: (_, iso) => iso.slice(11, 19),
  D: (_, iso) => `${iso.slice(5, 7)}/${iso.slice(8, 10)}/${iso.slice(2, 4)}`,
  a: (date) => (DAYS[date.getUTCDay()] as string).slice(0, 3),
  A: (date) => DAYS[date.getUTCDay()] as string,
  b: (date) => (MONTHS[date.getUTCMonth()] as string).slice(0, 3),
  B: (date) => MONTHS[date.getUTCMonth()] as string,
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  f: (_, iso) => `${iso.slice(20, 23)}000000`,
  "3f": (_, iso) => iso.slice(20, 23),
  "6f": (_, iso) => `${iso.slice(20, 23)}000`,
  "9f": (_, iso) => `${iso.slice(20, 23)}000000`,
  z: () => "+0000",
  Z: () => "UTC",
  E3S: (_, iso) => iso.slice(17, 23),
  E6S: (_, iso) => `${iso.slice(17, 23)}000`,
  E9S: (_, iso) => `${iso.slice(17, 23)}000000`,
  "%": () => "%",
};
