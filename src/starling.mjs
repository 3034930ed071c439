#!/usr/bin/env node
// The launcher: plain JavaScript for any Node from 18 on. Runs the program in this process when it is new enough, else in the Node
// that came with the dependencies, passing arguments, standard streams and signals on. Knows nothing of what the program does.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_MAJOR_MIN = 24;
const here = dirname(fileURLToPath(import.meta.url));

if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_MIN) await runHere();
else runInBundledNode();

async function runHere() {
  module.enableCompileCache?.();
  // Worker threads and child processes look for it by name: a listener thread then starts in half the time.
  const directory = module.getCompileCacheDir?.();
  if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= dirname(directory);
  // Asked for by `require`, modules are read and linked in one go: a fifth less CPU than by `import`, which goes round the event loop for each.
  const { main } = module.createRequire(import.meta.url)(entry());
  await main(process.argv.slice(2));
}

/** Node strips no types below node_modules: an installed package runs what was built. */
function entry() {
  const source = join(here, "main.ts");
  const isInstalled = here.split(/[\\/]/).includes("node_modules");
  const candidates = [join(here, "main.js"), join(here, "..", "dist", "src", "main.js")];
  if (!isInstalled) candidates.unshift(source);
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) fail("the program's files are missing beside src/starling.mjs: install it again");
  return found;
}

function runInBundledNode() {
  const node = bundledNode();
  if (node === undefined) {
    fail(
      `Node ${NODE_MAJOR_MIN} or later is needed, this is ${process.version}, and node_modules holds no Node for ` +
        `${process.platform}-${process.arch}: run "npm ci", or install Node ${NODE_MAJOR_MIN}`,
    );
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  const signals = ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT"];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => fail(`cannot start ${node}: ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

function bundledNode() {
  const name = `node-linux-${process.arch}`;
  for (let folder = here; ; folder = dirname(folder)) {
    const path = join(folder, "node_modules", name, "bin", "node");
    if (process.platform === "linux" && existsSync(path)) return path;
    if (dirname(folder) === folder) return undefined;
  }
}

function fail(text) {
  process.stderr.write(`starling: ${text}\n`);
  process.exit(1);
}
