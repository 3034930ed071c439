// The grpc-timeout header (gRPC over HTTP/2, Requests): how long a caller waits. Read and written by the exchange.

/** Milliseconds of a value, part of one rounded up; -1: the value is no timeout. */
export function grpcTimeoutMs(text: string): number {
  const match = /^(\d{1,8})([HMSmun])$/.exec(text);
  if (match === null) return -1;
  const [, digits, unit] = match;
  return Math.ceil(Number(digits) * (UNIT_MS[unit as string] as number));
}

/** A timeout as a value: in milliseconds, or in the first larger unit in which it has no more than eight digits. */
export function grpcTimeoutText(ms: number): string {
  let amount = Math.floor(ms);
  for (const [unit, many] of LARGER) {
    if (amount <= DIGITS_MAX) return `${amount}${unit}`;
    amount = Math.floor(amount / many);
  }
  return `${Math.min(amount, DIGITS_MAX)}H`;
}

const DIGITS_MAX = 99_999_999;

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000001,
};

/** Units with how many of them the next one has. */
const LARGER: readonly (readonly [string, number])[] = [
  ["m", 1_000],
  ["S", 60],
  ["M", 60],
];
