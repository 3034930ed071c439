// Headless Chromium for tests of the dashboard: the system's, driven by playwright-core.
import { existsSync } from "node:fs";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { installed } from "./installed.ts";

/** Whether there is one; where CI is set its absence is a failure, elsewhere a skip. */
export function chromiumInstalled(): boolean {
  return installed("chromium", existsSync(CHROMIUM));
}

/** Starts it. Without its sandbox: it opens pages of our own only, and containers that run tests allow none. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** When the page was first painted, in ms; what is there already may not be painted yet. */
export async function firstPaintMs(page: Page): Promise<number> {
  const paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime";
  await page.waitForFunction(`${paint} !== undefined`);
  return Number(await page.evaluate(paint));
}

/** What is there when the page of a node shows a view, and not before. */
export function currentView(page: Page, view: string): Locator {
  return view === "cluster/one"
    ? page.getByRole("heading", { name: "Cluster one" })
    : page.locator(`nav [aria-current=page][href$="/${view}"]`);
}

const CHROMIUM = "/usr/bin/chromium";
