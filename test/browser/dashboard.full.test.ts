import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { Browser, Page } from "playwright-core";
import { chromiumInstalled, firstPaintMs, launchChromium } from "../support/browser.ts";
import { eventually } from "../support/nodes.ts";
import { Program } from "../support/program.ts";

const isThere = chromiumInstalled();
/** Where pictures go, for who wants to look at them. */
const pictures = process.env["STARLING_PICTURES"] ?? "";

let demo: Program;
let browser: Browser;
let front = "";
let admin = "";
let checker = "";
let broken = "";
let isOver = false;
let traffic: Promise<void>;
const complaints: string[] = [];
const paints: number[] = [];

async function open(colorScheme: "light" | "dark", reducedMotion: "reduce" | "no-preference"): Promise<Page> {
  const context = await browser.newContext({ colorScheme, reducedMotion, viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => complaints.push(message.text()));
  await page.goto(`${admin}/`);
  await page.getByRole("article", { name: "Cluster service1" }).waitFor();
  paints.push(await firstPaintMs(page));
  return page;
}

async function keep(page: Page, name: string): Promise<void> {
  if (pictures === "") return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

/** One request after the other, until the end: checks are rare where there is no traffic. */
async function carryTraffic(): Promise<void> {
  while (!isOver) await fetch(front).then((answer) => answer.text(), String);
}

/** Tells service 1's first instance how to answer its checks. */
async function tell(word: "fail" | "ok"): Promise<void> {
  await (await fetch(broken, { method: "POST", body: word })).text();
}

(isThere ? describe : describe.skip)("the dashboard in Chromium, on the running demo", () => {
  before(async () => {
    demo = new Program("demo");
    await demo.says(/Ctrl-C ends it/);
    [, front = ""] = await demo.says(/curl -v (http:\S+\/service\/1)/);
    [, admin = ""] = await demo.says(/curl (http:\S+)\/ready\n/);
    [, checker = ""] = await demo.says(/curl (http:\S+)\/ready +#/);
    [, broken = ""] = await demo.says(/curl -d fail (http:\S+)/);
    traffic = carryTraffic();
    browser = await launchChromium();
    await (await browser.newPage()).goto("about:blank");
  });

  after(async () => {
    isOver = true;
    await traffic;
    await browser?.close();
    await demo?.end();
  });

  it("shows an endpoint that fails its checks, in both themes, and that it is well again", async () => {
    const pages = [await open("light", "no-preference"), await open("dark", "reduce")];
    const rows = pages.map((page) => page.locator("article[data-cluster=service1] tbody tr.unhealthy"));
    await Promise.all(pages.map((page) => page.getByText("LIVE").waitFor()));
    // Who is a member, and what it says of endpoints, is told after the node itself.
    await eventually(async () => (await Promise.all(rows.map((row) => row.count()))).every((count) => count === 0));
    await tell("fail");
    await Promise.all(rows.map((row) => row.waitFor({ timeout: 30_000 })));
    for (const page of pages) {
      assert.equal(await page.locator(".figures > div", { hasText: "Endpoints out" }).locator("dd").textContent(), "1");
      await page
        .getByText(/^127\.0\.0\.1:\d+ of .*service1 (is|turned from healthy to) unhealthy/)
        .first()
        .waitFor();
    }
    await Promise.all(pages.map((page, at) => keep(page, `broken-${at}`)));
    await tell("ok");
    await Promise.all(rows.map((row) => row.waitFor({ state: "detached", timeout: 30_000 })));
    const colours = await Promise.all(
      pages.map((page) => page.evaluate("getComputedStyle(document.body).backgroundColor")),
    );
    assert.deepEqual(colours, ["rgb(244, 246, 250)", "rgb(16, 20, 28)"]);
    const moves = "getComputedStyle(document.querySelector('.badge')).transitionDuration";
    assert.deepEqual(await Promise.all(pages.map((page) => page.evaluate(moves))), ["0.3s, 0.3s", "0s"]);
    await Promise.all(pages.map((page) => page.context().close()));
  });

  it("is painted within a second, with at most 100 KB transferred", async () => {
    const page = await open("light", "reduce");
    const bytes = Number(
      await page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].reduce((sum, one) => sum + one.transferSize, 0)",
      ),
    );
    assert.ok(bytes > 10_000 && bytes <= 100_000, `${bytes} bytes`);
    assert.ok(Math.min(...paints) <= 1_000, `first paints after ${paints.join(", ")} ms`);
    await page.context().close();
  });

  it("goes by the keyboard and by landmarks, to addresses that can be kept", async () => {
    const page = await open("light", "reduce");
    for (const role of ["banner", "navigation", "main", "contentinfo"] as const) {
      assert.equal(await page.getByRole(role).count(), 1, role);
    }
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate("document.activeElement.textContent"), "Skip to the content");
    await page.getByRole("link", { name: "service1" }).first().focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Cluster service1" }).waitFor();
    assert.equal(new URL(page.url()).hash, "#/cluster/service1");
    assert.equal(await page.locator("tbody tr").count(), 3);
    await keep(page, "cluster");
    await page.reload();
    await page.getByRole("heading", { name: "Cluster service1" }).waitFor();
    await page.getByRole("link", { name: "Mesh" }).press("Enter");
    await page.getByRole("heading", { name: "Mesh default" }).waitFor();
    await eventually(async () => (await page.locator("table").first().locator("tbody tr").count()) === 3);
    await keep(page, "mesh");
    await page.context().close();
  });

  it("shows any member through any other one", async () => {
    const page = await open("dark", "reduce");
    const own = await page.locator("header select").inputValue();
    await page.locator("header select").selectOption({ label: await labelOf(page, "health-check node") });
    await page.getByText("This node serves no routes.").waitFor();
    assert.notEqual(await page.locator("header select").inputValue(), own);
    assert.match(new URL(page.url()).hash, /^#\/@health-check%20node~\w+$/);
    await page.goto(`${checker}/`);
    await page.getByText("This node serves no routes.").waitFor();
    await page.context().close();
  });

  it("has nothing to complain of, content security included", () => {
    assert.deepEqual(complaints, []);
  });
});

/** The whole label of the choice that begins so. */
async function labelOf(page: Page, start: string): Promise<string> {
  // Who is a member is told after the node itself.
  await page.locator("header option", { hasText: start }).first().waitFor({ state: "attached" });
  const labels = await page.locator("header option").allTextContents();
  return labels.find((label) => label.startsWith(start)) ?? "";
}
