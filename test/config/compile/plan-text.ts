// A plan as text for golden files: JSON in which what JSON lacks is said in words.
import type { Plan } from "../../../src/config/plan/plan.ts";

/** Two-space JSON; Infinity as "Infinity", bytes as their text, PEM as its first line, short objects on one line. */
export function planText(plan: Plan): string {
  return `${shortened(JSON.stringify(plan, replaced, 2))}\n`;
}

function replaced(_key: string, value: unknown): unknown {
  if (value === Number.POSITIVE_INFINITY) return "Infinity";
  if (value instanceof Uint8Array) return `bytes: ${new TextDecoder().decode(value)}`;
  if (typeof value === "string" && value.startsWith("-----BEGIN")) return `${value.slice(0, value.indexOf("\n"))} …`;
  return value;
}

/** Puts objects and lists without inner ones, up to a line's width, on one line. */
function shortened(text: string): string {
  const joined = text.replace(/[{[]\n\s+[^{}[\]]*?\n\s+[}\]]/g, (inner) => {
    const line = inner.replace(/\n\s*/g, " ");
    return line.length <= 100 ? line : inner;
  });
  return joined === text ? text : shortened(joined);
}
