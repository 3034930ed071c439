// The dashboard of a node with a token, in Chromium: what it lets one do, what it shows of requests, and who can use it.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { Browser, Page } from "playwright-core";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { chromiumInstalled, currentView, firstPaintMs, launchChromium } from "../support/browser.ts";
import { endpointAt, staticCluster } from "../support/file-parts.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { faintTexts, namelessControls, tabThrough } from "../support/page-audit.ts";
import { nodeFile } from "../support/proxy-file.ts";

const isThere = chromiumInstalled();
const pictures = process.env["STARLING_PICTURES"] ?? "";
const VIEWPORT = { width: 1280, height: 860 };
const TOKEN = "a-token-of-enough-letters";
const VIEWS = ["", "workers", "runtime", "tap", "events", "control", "cluster/one"];

const fileOf = (one: number, two: number): string =>
  nodeFile(
    {
      routes: [
        { match: { prefix: "/canary", runtime_fraction: CANARY }, route: { cluster: "two" } },
        { match: { prefix: "/" }, route: { weighted_clusters: { runtime_key_prefix: "split", clusters: SPLIT } } },
      ],
    },
    [staticCluster("one", endpointAt(one)), staticCluster("two", endpointAt(two))],
    { layered_runtime: { layers: [{ name: "file", static_layer: { "some.key": 1 } }, ADMIN_LAYER] } },
  );
const CANARY = { default_value: { numerator: 5 }, runtime_key: "canary.share" };
const SPLIT = [
  { name: "one", weight: 75 },
  { name: "two", weight: 25 },
];
const ADMIN_LAYER = { name: "admin", admin_layer: {} };

let folder = "";
let node: RunningNode;
let browser: Browser;
let admin = "";
const upstreams: Server[] = [];
let isOver = false;
let traffic: Promise<void> | undefined;
const complaints: string[] = [];
const asked: string[] = [];
const paints: number[] = [];
const datas: number[] = [];

async function upstream(status: number): Promise<number> {
  const server = createServer((_, response) => {
    response.writeHead(status, { "set-cookie": "id=s3cret" });
    response.end("hello");
  });
  upstreams.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function open(hash: string, colorScheme: "light" | "dark" = "light"): Promise<Page> {
  const context = await browser.newContext({ colorScheme, reducedMotion: "reduce", viewport: VIEWPORT });
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("request", (request) => asked.push(request.url()));
  await page.addInitScript(`
    addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
      if (document.querySelector(".badge") !== null) window.firstData ??= performance.now();
    }).observe(document.body, { childList: true, subtree: true }));`);
  await page.goto(`${admin}/#/${hash}`);
  await page.getByText("LIVE").first().waitFor();
  paints.push(await firstPaintMs(page));
  datas.push(Number(await page.evaluate("window.firstData")));
  return page;
}

async function unlock(page: Page, token: string = TOKEN): Promise<void> {
  await page.getByLabel("Token").fill(token);
  await page.keyboard.press("Enter");
}

async function keep(page: Page, name: string): Promise<void> {
  if (pictures === "") return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

const ask = async (path: string): Promise<number> => {
  const headers = { authorization: "Bearer s3cret" };
  const answer = await fetch(`http://127.0.0.1:${portOf(node)}${path}`, { headers });
  await answer.text();
  return answer.status;
};

(isThere ? describe : describe.skip)("the dashboard of a node with a token, in Chromium", () => {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "starling-control-"));
    const file = join(folder, "token");
    writeFileSync(file, TOKEN);
    const { plan, errors } = loadPlan({ text: fileOf(await upstream(200), await upstream(503)), file: "a.yaml" });
    assert.ok(plan !== null, JSON.stringify(errors));
    node = await startTestNode(plan, { flags: ["--admin-token-file", file] });
    const port = node.admin?.address.kind === "socket" ? node.admin.address.port : 0;
    admin = `http://127.0.0.1:${port}`;
    browser = await launchChromium();
    await (await browser.newPage()).goto("about:blank");
  });

  after(async () => {
    isOver = true;
    await traffic;
    await browser?.close();
    await node?.stop();
    for (const one of upstreams) one.close();
    rmSync(folder, { recursive: true });
  });

  it("asks for the token, says when it is wrong, and keeps it out of addresses and of what outlives the tab", async () => {
    const page = await open("control");
    await unlock(page, "not-the-right-token");
    await page.getByText("the token is wrong").waitFor();
    // Chromium notes the 401, in its own time.
    await eventually(() => complaints.length > 0);
    assert.equal(complaints.splice(0).length, 1);
    await keep(page, "control-locked");
    await unlock(page);
    await page.getByRole("heading", { name: "Shares of traffic" }).waitFor();
    await keep(page, "control");
    assert.equal(page.url(), `${admin}/#/control`);
    assert.equal(await page.evaluate("localStorage.length + document.cookie.length"), 0);
    await page.getByRole("button", { name: "Lock again" }).click();
    await page.getByLabel("Token").waitFor();
    assert.equal(await page.evaluate("sessionStorage.length"), 0);
    assert.equal(
      asked.some((url) => url.includes(TOKEN)),
      false,
    );
    await page.context().close();
  });

  it("shifts traffic by the keyboard, sets runtime keys, and asks again before what cannot be taken back", async () => {
    const page = await open("control");
    await unlock(page);
    await page.getByRole("slider", { name: "one" }).focus();
    await page.keyboard.press("Home");
    await page.getByText("split.one = 0: done.").waitFor();
    assert.equal(node.view.runtime.values.get("split.one"), "0");
    await eventually(async () => (await ask("/")) === 503);
    await page.getByRole("slider", { name: "Taken by this route" }).focus();
    await page.keyboard.press("End");
    await page.getByText("canary.share = 100 %: done.").waitFor();
    await page.getByText("/canary*, 100 % of requests").waitFor();
    await page.getByRole("spinbutton", { name: "Taken by this route, %" }).fill(""); // a slip, not 0 %
    await page.getByLabel("Key", { exact: true }).fill("split.one");
    await page.keyboard.press("Enter");
    await page.getByText("split.one taken back: done.").waitFor();
    assert.equal(node.view.runtime.values.get("split.one"), undefined);
    assert.match(node.view.runtime.values.get("canary.share") ?? "", /\b100\b/);
    await page.getByRole("button", { name: "Fail health checks" }).click();
    await page.getByText("The node is DRAINING").waitFor();
    await page.getByRole("button", { name: "Pass them" }).click();
    await page.getByText("The node is LIVE").waitFor();
    await page.getByRole("button", { name: "Drain listeners" }).click();
    await page.getByRole("button", { name: "No", exact: true }).click();
    assert.equal(node.view.readiness().state, "LIVE");
    await page.getByLabel("All loggers").selectOption("warning");
    await page.getByRole("button", { name: "Set" }).last().click();
    await page.getByText("Level warning: done.").waitFor();
    await page.context().close();
  });

  it("shows requests live, by a filter that is an address, without their secrets; and stops asking when it is left", async () => {
    const page = await open("tap/status%3D5xx");
    await unlock(page);
    assert.equal(await page.getByLabel("Status").inputValue(), "5xx");
    await page.getByLabel("Path begins with").fill("/shown");
    // What is typed outlives the pictures that come.
    for (const isFailing of [true, false]) {
      node.view.orders.setFailing(isFailing);
      const state = isFailing ? "DRAINING" : "LIVE";
      await page.getByText(state).first().waitFor();
    }
    await page.getByRole("button", { name: "Start" }).press("Enter");
    await page.getByText("Tapping").waitFor();
    assert.match(page.url(), /#\/tap\/status%3D5xx%26path%3D%252Fshown$/);
    await node.view.orders.modifyRuntime({ "split.one": "50", "split.two": "50" });
    traffic = (async () => {
      while (!isOver) await Promise.all([ask("/shown?token=s3cret"), ask("/hidden")]);
    })();
    const first = page.locator(".requests summary").first();
    await first.waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await first.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Answer" }).first().waitFor();
    await keep(page, "tap");
    const text = (await page.locator(".requests").textContent()) ?? "";
    assert.match(text, /503/);
    assert.match(text, /\/shown\?token=\[redacted\]/);
    assert.doesNotMatch(text, /s3cret|\/hidden/);
    // An address that is opened says what the filter is.
    for (const path of ["/other", "/shown"]) {
      await page.goto(`${admin}/#/tap/${encodeURIComponent(new URLSearchParams({ path }).toString())}`);
      await eventually(async () => (await page.getByLabel("Path begins with").inputValue()) === path);
    }
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByText("Tapping").waitFor();
    await page.goto(`${admin}/#/tap/route%3D100`);
    await eventually(async () => (await page.getByLabel("Route").inputValue()) === "100");
    await page.getByRole("button", { name: "Start" }).click();
    assert.match(page.url(), /#\/tap\/route%3D100$/);
    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByRole("article", { name: "Cluster one" }).waitFor();
    await page
      .locator("td", { hasText: /p50 [\d.]+ msp99 [\d.]+ ms/ })
      .first()
      .waitFor();
    await keep(page, "routes");
    await page.getByRole("link", { name: "one", exact: true }).first().click();
    await page.getByRole("heading", { name: "Cluster one" }).waitFor();
    await page.getByRole("link", { name: "Workers" }).click();
    await page.locator("tbody td", { hasText: /\d %/ }).first().waitFor();
    isOver = true;
    await traffic;
    await page.context().close();
  });

  it("filters events by an address that can be kept", async () => {
    const page = await open("events/serving%201");
    const lines = page.getByRole("log").locator("li");
    assert.equal(await lines.count(), 1);
    await page.getByLabel("Filter").fill("no such event");
    await page.getByText("Nothing happened yet.").waitFor();
    assert.match(page.url(), /#\/events\/no%20such%20event$/);
    await page.getByLabel("Filter").fill("");
    await eventually(async () => (await lines.count()) > 3);
    await page.context().close();
  });

  for (const theme of ["light", "dark"] as const) {
    it(`is usable without a mouse and without seeing, ${theme}: names, order by Tab, contrast, one heading, marked place`, async () => {
      const page = await open("", theme);
      await page.goto(`${admin}/#/control`);
      await unlock(page);
      await page.getByRole("heading", { name: "Shares of traffic" }).waitFor();
      for (const view of VIEWS) {
        await page.goto(`${admin}/#/${view}`);
        await currentView(page, view).waitFor();
        await page.locator("main :is(h2, dl)").first().waitFor();
        assert.deepEqual(await namelessControls(page), [], view);
        assert.deepEqual(await faintTexts(page), [], view);
        const { order, missed } = await tabThrough(page);
        assert.deepEqual(missed, [], view);
        assert.deepEqual(
          order,
          [...order].sort((a, b) => a - b),
          view,
        );
        assert.equal(await page.getByRole("heading", { level: 1 }).count(), 1);
        assert.equal(await page.locator("nav [aria-current=page]").count(), view.startsWith("cluster") ? 0 : 1, view);
        assert.equal(await page.evaluate("document.getAnimations().length"), 0, view);
        await keep(page, `${view.replace("/", "-") || "overview"}-${theme}`);
      }
      await page.context().close();
    });
  }

  it("has its first data within a second, comes in at most 100 KB with it, and asks nobody but its node", async () => {
    const page = await (await browser.newContext()).newPage();
    const session = await page.context().newCDPSession(page);
    await session.send("Network.enable");
    let bytes = 0;
    session.on("Network.dataReceived", ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    session.on("Network.responseReceived", ({ response }) => {
      bytes += response.encodedDataLength;
    });
    await page.goto(`${admin}/`);
    await page.getByText("LIVE").first().waitFor();
    await page.context().close();
    console.log(
      `      ${bytes} bytes; first paint ${Math.round(Math.min(...paints))} ms, first data ${Math.round(Math.min(...datas))} ms`,
    );
    assert.ok(bytes > 10_000 && bytes <= 100_000, `${bytes} bytes`);
    assert.ok(Math.min(...paints) <= 1_000 && Math.min(...datas) <= 1_000, `${paints} ${datas}`);
    assert.deepEqual(
      asked.filter((url) => !url.startsWith(`${admin}/`) && !url.startsWith("data:")),
      [],
    );
  });

  it("has nothing to complain of, content security included", () => {
    assert.deepEqual(complaints, []);
  });
});
