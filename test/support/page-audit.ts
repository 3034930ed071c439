// What a person needs who has no mouse, does not see, or sees few contrasts, measured on a page in Chromium: names of what can be used, its order
// by the Tab key, and contrast of every text with what is really behind it.
import type { Page } from "playwright-core";

/** Elements that can be used and have no name that a screen reader would say. */
export function namelessControls(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const named = (one) => {
      const by = one.getAttribute("aria-labelledby")?.split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
      const label = [...(one.labels ?? [])].map((each) => each.textContent).join(" ");
      return (one.getAttribute("aria-label") ?? by ?? (label || one.textContent)).trim();
    };
    const all = [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0'], svg[role=img], table")];
    const shown = all.filter((one) => one.getClientRects().length > 0);
    const nameOf = (one) => (one.localName === "table" ? (one.caption?.textContent ?? one.closest("[aria-label]")?.getAttribute("aria-label") ?? "") : named(one));
    return shown.filter((one) => nameOf(one) === "").map((one) => one.outerHTML.slice(0, 120));
  })()`);
}

/** Goes through the page by Tab from its first link on: what had the focus, in order, and what could have it and never did. */
export async function tabThrough(page: Page): Promise<{ readonly order: number[]; readonly missed: string[] }> {
  const count = Number(
    await page.evaluate(`(() => {
      const all = [...document.querySelectorAll("a[href], button:enabled, input:enabled, select:enabled, summary, [tabindex='0']")];
      const usable = all.filter((one) => one.getClientRects().length > 0 || one.classList.contains("skip"));
      usable.forEach((one, at) => { one.dataset.stop = at; });
      document.querySelector(".skip").focus();
      return usable.length;
    })()`),
  );
  const order: number[] = [0];
  for (let i = 1; i < count; i++) {
    await page.keyboard.press("Tab");
    order.push(Number(await page.evaluate("document.activeElement?.dataset.stop ?? -1")));
  }
  const seen = JSON.stringify(order);
  const missed: string[] = await page.evaluate(
    `[...document.querySelectorAll("[data-stop]")].filter((one) => !${seen}.includes(Number(one.dataset.stop))).map((one) => one.outerHTML.slice(0, 120))`,
  );
  return { order: order.filter((at) => at >= 0), missed };
}

/** Texts whose contrast is below 4.5 : 1, with it (WCAG 2.2 §1.4.3). */
export function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      return { rgb: [r, g, b], a: a / 255 };
    };
    const over = (top, ground) => ground.map((channel, at) => top.rgb[at] * top.a + channel * (1 - top.a));
    const groundOf = (one) => (one === null ? [255, 255, 255] : over(rgba(getComputedStyle(one).backgroundColor), groundOf(one.parentElement)));
    const light = (rgb) => rgb
      .map((channel) => channel / 255)
      .map((channel) => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4))
      .reduce((sum, channel, at) => sum + channel * [0.2126, 0.7152, 0.0722][at], 0);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const faint = [];
    while (walker.nextNode()) {
      const one = walker.currentNode.parentElement;
      const isShown = walker.currentNode.data.trim() !== "" && one.getClientRects().length > 0;
      if (!isShown || one.closest(".unseen, .skip, :disabled, option, noscript") !== null) continue;
      const ground = groundOf(one);
      const [a, b] = [light(over(rgba(getComputedStyle(one).color), ground)), light(ground)].sort((x, y) => y - x);
      const contrast = (a + 0.05) / (b + 0.05);
      if (contrast < 4.5) faint.push(contrast.toFixed(2) + " " + one.outerHTML.slice(0, 120));
    }
    return faint;
  })()`);
}
