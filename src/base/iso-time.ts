// Wall-clock times as text.

/** `2026-11-21T07:14:00.123Z` of milliseconds since 1970. */
export function isoTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
