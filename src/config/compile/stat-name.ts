// Names inside statistics, made as Envoy makes them. Called for listener tokens, HTTP stat prefixes and cluster names.

/** `[::1]:80` → `[__1]_80`, `a://b` → `a_b`: a dot-separated counter name can hold it. */
export function statName(text: string): string {
  return text.replaceAll("://", "_").replaceAll(":/", "_").replaceAll(":", "_").replaceAll("\0", "_");
}
