// The demo app of the health-check document, as a program of its own: says who it is, and is as healthy as it was told to be.
// `starling demo --health` and the compose meshes start it; it imports nothing of the proxy. `--help` says how to start it.
import { lookup } from "node:dns/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { createServer } from "./node-http.ts";

async function main(): Promise<void> {
  const options = await optionsOf(process.argv.slice(2), process.env);
  if (options === null) return;
  const app = new DemoApp(options);
  const server = createServer((request, response) => app.answer(request, response));
  // Longer than proxies keep a connection: it is never the app that closes first.
  server.keepAliveTimeout = 3_700_000;
  server.on("error", (error) => fail(error.message));
  server.listen(options.port, options.host, () => {
    const address = server.address();
    const port = typeof address === "object" ? address?.port : options.port;
    print(`${options.serverName} listens on ${options.host}:${port}`);
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop(server));
}

/** How the app is started; each has a flag and a variable. */
interface AppOptions {
  readonly port: number;
  readonly host: string;
  readonly serverName: string;
  readonly serverIp: string;
  readonly livezSleepMs: number;
  readonly readyzSleepMs: number;
  readonly verbose: boolean;
}

/** A health page: GET shows the state that POST set. */
interface HealthPage {
  readonly name: string;
  /** Status for every state but OK. */
  readonly failStatus: number;
  /** How long a GET takes until the first one has been answered. */
  readonly sleepMs: number;
  state: string;
  answered: number;
}

class DemoApp {
  private readonly options: AppOptions;
  private readonly pages: ReadonlyMap<string, HealthPage>;

  constructor(options: AppOptions) {
    this.options = options;
    const page = (name: string, failStatus: number, sleepMs: number): [string, HealthPage] => [
      `/${name}`,
      { name, failStatus, sleepMs, state: "OK", answered: 0 },
    ];
    this.pages = new Map([page("livez", 506, options.livezSleepMs), page("readyz", 507, options.readyzSleepMs)]);
  }

  /** Answers one request. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    if (this.options.verbose)
      response.on("finish", () => print(`${request.method} ${request.url} ${response.statusCode}`));
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    const page = this.pages.get(path);
    const text = page === undefined ? this.textOf(path, request) : "";
    const allowed = page === undefined ? READ : [...READ, "POST"];
    if (text === null) send(response, 404, "Not Found\n");
    else if (!allowed.includes(request.method ?? "")) {
      response.setHeader("allow", allowed.join(", "));
      send(response, 405, "Method Not Allowed\n");
    } else if (page === undefined) send(response, 200, text);
    else if (request.method === "POST") setState(page, request, response);
    else showState(page, response);
  }

  private textOf(path: string, request: IncomingMessage): string | null {
    const { serverName, serverIp } = this.options;
    const client = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    switch (path) {
      case "/":
        return `demoapp v1.0 !! ClientIP: ${client}, ServerName: ${serverName}, ServerIP: ${serverIp}!\n`;
      case "/hostname":
        return `ServerName: ${serverName}\n`;
      case "/configs":
        return `DEPLOYENV: ${process.env["DEPLOYENV"] ?? "None"}\nRELEASE: ${process.env["RELEASE"] ?? "None"}\n`;
      case "/user-agent":
        return `User-Agent: ${request.headers["user-agent"] ?? "None"}\n`;
    }
    return null;
  }
}

/** Every GET sleeps until one has been answered, also when its client did not wait: a probe with a timeout below the sleep fails. */
function showState(page: HealthPage, response: ServerResponse): void {
  const show = (): void => {
    page.answered++;
    send(response, page.state === "OK" ? 200 : page.failStatus, page.state);
  };
  // A millisecond more: Node rounds down, and a sleep as long as a probe's timeout must not end before it.
  if (page.answered === 0 && page.sleepMs > 0) setTimeout(show, page.sleepMs + 1).unref();
  else show();
}

/** Takes the state from a form field with the page's name. */
function setState(page: HealthPage, request: IncomingMessage, response: ServerResponse): void {
  let form = "";
  request.setEncoding("utf8").on("data", (text: string) => {
    if (form.length <= FORM_CHARACTERS_MAX) form += text;
  });
  request.on("end", () => {
    const isForm = (request.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded");
    const state = isForm ? new URLSearchParams(form).get(page.name) : null;
    if (form.length > FORM_CHARACTERS_MAX) send(response, 413, "Content Too Large\n");
    else if (state === null) send(response, 400, `Bad Request: a form with the field ${page.name} is missing\n`);
    else {
      page.state = state;
      send(response, 200, "");
    }
  });
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

/** Options from flags, else from the environment, else the document's. Null after --help or a mistake, which is said. */
async function optionsOf(args: readonly string[], env: NodeJS.ProcessEnv): Promise<AppOptions | null> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: "string", short: "p" },
        host: { type: "string", short: "h" },
        "server-name": { type: "string" },
        "server-ip": { type: "string" },
        "livez-sleep-ms": { type: "string" },
        "readyz-sleep-ms": { type: "string" },
        verbose: { type: "boolean", short: "v" },
        help: { type: "boolean" },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      return null;
    }
    return {
      port: whole("port", values.port ?? env["PORT"] ?? "80", 65_535),
      host: values.host ?? env["HOST"] ?? "0.0.0.0",
      serverName: values["server-name"] ?? env["SERVERNAME"] ?? hostname(),
      serverIp: values["server-ip"] ?? env["SERVERIP"] ?? (await ownAddress()),
      livezSleepMs: whole("livez-sleep-ms", values["livez-sleep-ms"] ?? env["LIVEZ_SLEEP_MS"] ?? "5000", SLEEP_MS_MAX),
      readyzSleepMs: whole(
        "readyz-sleep-ms",
        values["readyz-sleep-ms"] ?? env["READYZ_SLEEP_MS"] ?? "15000",
        SLEEP_MS_MAX,
      ),
      verbose: values.verbose ?? false,
    };
  } catch (error) {
    fail(`${error instanceof Error ? error.message : error}; try --help`);
    return null;
  }
}

function whole(name: string, text: string, max: number): number {
  if (!/^\d+$/.test(text) || Number(text) > max) throw new Error(`${name} '${text}' is not a number up to ${max}`);
  return Number(text);
}

async function ownAddress(): Promise<string> {
  try {
    return (await lookup(hostname(), 4)).address;
  } catch {
    return "127.0.0.1";
  }
}

/** Stops listening at once, lets answers end for a second. */
function stop(server: Server): void {
  server.close();
  setTimeout(() => server.closeAllConnections(), STOP_MS_MAX).unref();
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(text: string): void {
  process.stderr.write(`demoapp: ${text}\n`);
  process.exitCode = 2;
}

const READ: readonly string[] = ["GET", "HEAD"];
const FORM_CHARACTERS_MAX = 4_096;
const SLEEP_MS_MAX = 3_600_000;
const STOP_MS_MAX = 1_000;
const HELP = `demoapp: the demo app of the health-check document

  /                  demoapp v1.0 !! ClientIP: …, ServerName: …, ServerIP: …!
  /hostname          ServerName: …
  /livez, /readyz    GET: the state, with 200 when it is OK, else 506 (/livez) or 507 (/readyz)
                     POST: sets it, by a form: curl -X POST -d livez=FAIL http://…/livez
                     A GET sleeps until the first one has been answered.
  /configs           DEPLOYENV and RELEASE of its environment
  /user-agent        the request's

  -p, --port N            or PORT (80); 0 takes a free one
  -h, --host ADDRESS      or HOST (0.0.0.0)
  --server-name NAME      or SERVERNAME (the host's name)
  --server-ip ADDRESS     or SERVERIP (the address of the host's name)
  --livez-sleep-ms N      or LIVEZ_SLEEP_MS (5000)
  --readyz-sleep-ms N     or READYZ_SLEEP_MS (15000)
  -v, --verbose           a line for each answer
  --help

SIGTERM and Ctrl-C end it with code 0.
`;

await main();
