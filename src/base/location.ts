// Where the program's own files lie. The one file that knows whether we run from src/ (TypeScript) or from dist/ (built JavaScript, most of
// it in bundles whose own places mean nothing).

const here: string = import.meta.url;
const built: boolean = here.endsWith(".js");
/** The folder that holds src/, workers/ and compose/: the project's, or dist/. */
const code: string = here.slice(
  0,
  built ? here.lastIndexOf("/dist/") + "/dist/".length : here.lastIndexOf("/src/") + 1,
);
const project: string = built ? new URL("../", code).href : code;
const extension = built ? ".js" : ".ts";

/** Thread entry of this name in workers/: `workerUrl("listener")`. */
export function workerUrl(name: string): URL {
  return new URL(`workers/${name}${extension}`, code);
}

/** A small program of compose/apps/ that a demo runs: `appUrl("demoapp")`. */
export function appUrl(name: string): URL {
  return new URL(`compose/apps/${name}${extension}`, code);
}

/** A file beside the code, the same in src/ and in dist/src/: `besideCode("control/admin/dashboard/page/app.js")`. */
export function besideCode(path: string): URL {
  return new URL(`src/${path}`, code);
}

/** The launcher that finds the right Node: what child processes of ours are started with. */
export const launcherUrl: URL = besideCode("starling.mjs");

/** A data file of config/: `configUrl("demo/front-proxy.yaml")`. */
export function configUrl(path: string): URL {
  return new URL(`config/${path}`, project);
}

/** The package's own description: the version lies there. */
export const packageUrl: URL = new URL("package.json", project);
