// Every admin page there is, in the order of /help.
import { type Page, showing, textAnswer } from "./page.ts";
import { clustersPage } from "./pages/clusters.ts";
import { configDumpPage } from "./pages/config-dump.ts";
import { homePage } from "./pages/home.ts";
import { listenersPage } from "./pages/listeners.ts";
import { meshPage } from "./pages/mesh.ts";
import { orderPages } from "./pages/orders.ts";
import { prometheusPage } from "./pages/prometheus.ts";
import { runtimeModifyPage, runtimePage } from "./pages/runtime.ts";
import {
  certsPage,
  contentionPage,
  hotRestartPage,
  initDumpPage,
  memoryPage,
  readyPage,
  serverInfoPage,
} from "./pages/server-info.ts";
import { statsPage } from "./pages/stats.ts";
import type { AdminView } from "./view.ts";

const helpPage = showing("/help", "print out list of admin commands", ({ pages }) => textAnswer(helpText(pages)));

/** The pages of a node, sorted by path: Envoy's, and of a node in a mesh that of the mesh. */
export function pagesOf({ mesh }: AdminView): readonly Page[] {
  return sorted([...PAGES, prometheusPage(), ...(mesh === null ? [] : [meshPage(mesh)])]);
}

const PAGES: readonly Page[] = [
  homePage,
  helpPage,
  certsPage,
  clustersPage,
  configDumpPage,
  contentionPage,
  hotRestartPage,
  initDumpPage,
  listenersPage,
  memoryPage,
  readyPage,
  runtimePage,
  runtimeModifyPage,
  serverInfoPage,
  statsPage,
  ...orderPages,
];

function sorted(pages: readonly Page[]): readonly Page[] {
  return [...pages].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The list that /help prints, and a wrong path after its first line. */
export function helpText(pages: readonly Page[]): string {
  const rows = pages.flatMap((page) => [
    `  ${page.path}${page.mutates ? " (POST)" : ""}: ${page.help}`,
    ...page.parameters.map(({ id, help }) => `      ${id}: ${help}`),
  ]);
  return `admin commands are:\n${rows.join("\n")}\n`;
}
