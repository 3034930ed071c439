import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { sourceText } from "../../../support/source-files.ts";

const css = sourceText("src/control/admin/dashboard/page/style.css");
const colours = new Map(
  [...css.matchAll(/--(\w+): light-dark\((#\w+), (#\w+)\)/g)].map(([, name = "", light = "", dark = ""]) => [
    name,
    { light: channels(light), dark: channels(dark) },
  ]),
);
const colour = (name: string, theme: "light" | "dark"): number[] => colours.get(name)?.[theme] ?? [];

describe("the dashboard's colours", () => {
  for (const theme of ["light", "dark"] as const) {
    for (const name of ["text", "quiet", "blue", "good", "warn", "bad"]) {
      it(`${name}, ${theme}: reads on every ground (WCAG 2.2 §1.4.3, 4.5 : 1), badges of its own included`, () => {
        const [ink, card, page] = [colour(name, theme), colour("card", theme), colour("page", theme)];
        const badge = card.map((channel, at) => channel * 0.86 + (ink[at] as number) * 0.14);
        for (const ground of [card, page, badge]) {
          assert.ok(contrast(ink, ground) >= 4.5, `${contrast(ink, ground).toFixed(2)} on ${ground}`);
        }
      });
    }
  }
});

function channels(hex: string): number[] {
  const digits = hex.length === 4 ? hex.replace(/\w/g, "$&$&") : hex;
  return [1, 3, 5].map((at) => Number.parseInt(digits.slice(at, at + 2), 16));
}

function contrast(one: readonly number[], other: readonly number[]): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** WCAG's relative luminance. */
function luminance(rgb: readonly number[]): number {
  const linear = rgb.map((channel) => (channel <= 10.3 ? channel / 3294.6 : ((channel / 255 + 0.055) / 1.055) ** 2.4));
  return linear.reduce((sum, value, at) => sum + value * ([0.2126, 0.7152, 0.0722][at] ?? 0), 0);
}
