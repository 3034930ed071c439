// Times of google.protobuf.Timestamp: seconds since 1970 to RFC 3339 text and back, without the machine's clock or zone.
// Called by the wire codec. Knows the Gregorian calendar only, as protobuf does (years 1 to 9999).

/** `2026-01-31T12:00:00Z`, with nine decimals when there are nanoseconds. */
export function timeText(seconds: number, nanos: number): string {
  const days = Math.floor(seconds / 86_400);
  const rest = seconds - days * 86_400;
  const [year, month, day] = dateOf(days);
  const part = nanos === 0 ? "" : `.${String(nanos).padStart(9, "0")}`;
  const clock = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map(twoDigits).join(":");
  return `${String(year).padStart(4, "0")}-${twoDigits(month)}-${twoDigits(day)}T${clock}${part}Z`;
}

/** Seconds and nanoseconds since 1970 of RFC 3339 text, or null when it is none. */
export function timeOf(text: string): { readonly seconds: number; readonly nanos: number } | null {
  const found = form.exec(text);
  if (found === null) return null;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const inRange = month >= 1 && month <= 12 && day >= 1 && hour < 24 && minute < 60 && second < 60;
  const days = daysOf(year, month, day);
  if (!inRange || dateOf(days)[2] !== day) return null;
  const sign = found[8] === "-" ? -1 : 1;
  const offset = sign * (Number(found[9] ?? 0) * 3600 + Number(found[10] ?? 0) * 60);
  const seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset;
  return { seconds, nanos: Number((found[7] ?? "").padEnd(9, "0")) };
}

// Howard Hinnant's days_from_civil and civil_from_days: years begin in March, eras have 400 years.
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function dateOf(days: number): [number, number, number] {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const leap = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leap) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day];
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

const form = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;
