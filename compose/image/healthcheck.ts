// The image's health check: asks the admin server of the program that is process 1, at the address of its --admin flag or of its file,
// whether it is ready. Exit code 0: it is, or it has no admin server and lives. Leaves a socket address in a file for healthcheck.sh, which
// asks it from then on for a tenth of what starting this costs.
import { readFileSync, writeFileSync } from "node:fs";
import type * as Http from "node:http";
import { parse } from "yaml";

// An import of it loads Node's WebSocket and fetch, too.
const { get }: typeof Http = process.getBuiltinModule("node:http");

/** What is asked: a port of this machine, or a unix socket. Null: nothing is to be asked. */
type Address = Pick<Http.RequestOptions, "host" | "port" | "socketPath"> | null;

function main(pid: string, known: string): void {
  const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  const address = addressOf(args);
  if (address === null) return;
  const request = get({ ...address, path: "/ready", timeout: TIMEOUT_MS }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (more: string) => {
      text += more;
    });
    response.on("end", () => {
      if (response.statusCode === 200) leave(known, address);
      tell(response.statusCode === 200, text);
    });
  });
  request.on("timeout", () => request.destroy(new Error("no answer")));
  request.on("error", (error) => tell(false, error.message));
}

function addressOf(args: readonly string[]): Address {
  const flag = flagValue(args, "--admin");
  if (flag !== "") return { host: LOOPBACK, port: Number(flag.slice(flag.lastIndexOf(":") + 1)) };
  const file = flagValue(args, "-c") || flagValue(args, "--config-path");
  const texts = [flagValue(args, "--config-yaml"), file === "" ? "" : readFileSync(file, "utf8")];
  for (const text of texts) {
    const address = adminOf(parse(text));
    if (address !== null) return address;
  }
  return null;
}

/** The admin address of a bootstrap. */
function adminOf(bootstrap: { admin?: { address?: AdminAddress } } | null): Address {
  const { socket_address: socket, pipe } = bootstrap?.admin?.address ?? {};
  if (pipe !== undefined) return { socketPath: pipe.path };
  if (socket === undefined) return null;
  return { host: EVERY.includes(socket.address) ? LOOPBACK : socket.address, port: socket.port_value };
}

interface AdminAddress {
  readonly socket_address?: { readonly address: string; readonly port_value: number };
  readonly pipe?: { readonly path: string };
}

/** `--name value`, `--name=value`; empty when it is not given. */
function flagValue(args: readonly string[], name: string): string {
  const at = args.indexOf(name);
  if (at >= 0) return args[at + 1] ?? "";
  return args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
}

function leave(known: string, { host, port }: NonNullable<Address>): void {
  if (known === "" || host === undefined) return;
  try {
    writeFileSync(known, `${host} ${port}\n`);
  } catch {
    // Then each check is one of these.
  }
}

function tell(isReady: boolean, text: string): void {
  process.stdout.write(`${text.trim()}\n`);
  process.exitCode = isReady ? 0 : 1;
}

const LOOPBACK = "127.0.0.1";
const EVERY: readonly string[] = ["0.0.0.0", "::"];
const TIMEOUT_MS = 2_000;

main(process.argv[2] ?? "1", process.argv[3] ?? "");
