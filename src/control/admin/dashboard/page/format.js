// Numbers, times and names as the dashboard prints them.

/** `1,234`, `12.3`, `0`. */
export function number(value) {
  if (value >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en");
  return value.toFixed(value >= 10 ? 0 : 1);
}

/** A rate in requests a second; unknown before the second picture. */
export function rate(value, unit = "/s") {
  return value === null ? "–" : `${number(value)}${unit}`;
}

/** A share of 1 in percent. */
export function percent(share) {
  if (share === null) return "–";
  const value = share * 100;
  return `${value === 0 || value >= 10 || value === 100 ? Math.round(value) : value.toFixed(1)} %`;
}

/** Milliseconds. */
export function time(ms) {
  if (ms === undefined) return "–";
  return ms >= 1_000 ? `${(ms / 1_000).toFixed(2)} s` : `${ms >= 10 ? Math.round(ms) : ms} ms`;
}

/** How long: `12 s`, `4 min`, `2 h 5 min`, `3 d`. */
export function duration(ms) {
  const s = Math.floor(ms / 1_000);
  if (s < 60) return `${s} s`;
  if (s < 3_600) return `${Math.floor(s / 60)} min`;
  return s < 86_400 ? `${Math.floor(s / 3_600)} h ${Math.floor((s % 3_600) / 60)} min` : `${Math.floor(s / 86_400)} d`;
}

/** The time of day of a wall clock. */
export function clock(wallMs) {
  return CLOCK.format(wallMs);
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
