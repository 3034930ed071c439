// Headless Chromium for tests of the dashboard: the system's, driven by playwright-core.
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Whether there is one; where CI is set its absence is a failure, elsewhere a skip. */
export function chromiumInstalled(): boolean {
  const isThere = existsSync(CHROMIUM);
  if (!isThere && process.env["CI"] === "true") throw new Error("chromium is not installed, and CI must have it");
  return isThere;
}

/** Starts it. Without its sandbox: it opens pages of our own only, and containers that run tests allow none. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

const CHROMIUM = "/usr/bin/chromium";
