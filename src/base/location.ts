// Where the program's own files lie. The one file that knows whether we run from src/ (TypeScript) or from dist/ (built JavaScript).

const built: boolean = import.meta.url.endsWith(".js");

/** Thread entry of this name in workers/: `workerUrl("listener")`. */
export function workerUrl(name: string): URL {
  return new URL(`../../workers/${name}${extension}`, import.meta.url);
}

/** A small program of compose/apps/ that a demo runs: `appUrl("demoapp")`. */
export function appUrl(name: string): URL {
  return new URL(`../../compose/apps/${name}${extension}`, import.meta.url);
}

/** The launcher that finds the right Node: what child processes of ours are started with. */
export const launcherUrl: URL = new URL("../starling.mjs", import.meta.url);

/** A data file of config/: `configUrl("demo/front-proxy.yaml")`. */
export function configUrl(path: string): URL {
  return new URL(`${built ? "../../../" : "../../"}config/${path}`, import.meta.url);
}

/** The package's own description: the version lies there. */
export const packageUrl: URL = new URL(built ? "../../../package.json" : "../../package.json", import.meta.url);

const extension = built ? ".js" : ".ts";
