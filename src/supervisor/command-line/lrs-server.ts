// `starling lrs-server`: takes load reports from proxies and says what they say, until a signal. Reads the command line and the file, opens
// what is listened on and kept, and writes the log; what is asked and counted is control/load/server's.
import { systemClock } from "../../base/clock.ts";
import { DrivenWheel } from "../../base/driven-wheel.ts";
import { stayAlive } from "../../base/stay-alive.ts";
import { systemText } from "../../base/system-text.ts";
import { loadLrsServerFile } from "../../config/compile/lrs-server.ts";
import { formatDiagnostic } from "../../config/load/format-diagnostic.ts";
import { LRS_SERVER_DEFAULT, type LrsServerPlan } from "../../config/plan/lrs-server.ts";
import { AppendFile } from "../../control/load/server/append-file.ts";
import { watchFile } from "../../control/load/server/file-watch.ts";
import { logLine } from "../../control/load/server/log-lines.ts";
import { LrsServer } from "../../control/load/server/lrs-actor.ts";
import { type LrsAdmin, startLrsAdmin } from "../../control/load/server/lrs-admin.ts";
import type { LrsEvent } from "../../control/load/server/lrs-events.ts";
import { checkAddressFree } from "../../net/probe.ts";
import { complain } from "./complain.ts";
import { type LiveScreen, liveScreen } from "./live-screen.ts";
import { LrsFrame } from "./lrs-frame.ts";
import { type ListenAddress, type LrsServerOptions, lrsServerOptions } from "./lrs-options.ts";
import type { ParsedFlags } from "./parse-flags.ts";
import type { Terminal } from "./terminal.ts";

/** Serves until a signal, or q in a terminal; answers with the exit code. */
export async function lrsServer(flags: ParsedFlags, terminal: Terminal): Promise<0 | 1> {
  const options = lrsServerOptions(flags);
  if (!("listen" in options)) return complain([...options, "try 'starling lrs-server --help'"]);
  if (options.isTop && !terminal.isTty) return complain(["--top draws in a terminal, and this is none"]);
  const plan = readPlan(options.config, (line) => process.stderr.write(`${line}\n`));
  if (plan === null) return 1;
  const file = openFile(options.append);
  if (typeof file === "string") return complain([file]);
  const serving = new Serving(options, plan, file);
  const fault = await serving.start(terminal);
  if (fault !== null) return complain([fault]);
  await serving.over;
  return 0;
}

class Serving {
  readonly over: Promise<void>;
  private readonly options: LrsServerOptions;
  private readonly plan: LrsServerPlan;
  private readonly file: AppendFile | null;
  private readonly wheel = new DrivenWheel(systemClock);
  private readonly server: LrsServer;
  /** With --top: the newest lines of the log. */
  private readonly tail: string[] = [];
  private readonly resolve: () => void;
  private readonly endings: (() => void)[] = [];
  private admin: LrsAdmin | null = null;
  private isEnding = false;

  constructor(options: LrsServerOptions, plan: LrsServerPlan, file: AppendFile | null) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    this.resolve = resolve;
    this.options = options;
    this.plan = plan;
    this.file = file;
    this.server = new LrsServer({
      clock: systemClock,
      wheel: this.wheel,
      file,
      tell: (event) => this.tell(event),
    });
  }

  /** Answers with what hinders it, everything given back. */
  async start(terminal: Terminal): Promise<string | null> {
    const { config, listen, admin } = this.options;
    const own = await bindable(listen);
    const pages = admin === null ? null : await bindable(admin);
    if (typeof own === "string") return own;
    if (typeof pages === "string") return pages;
    if (this.file !== null) this.server.restore(this.file);
    this.server.assign(this.plan);
    const port = await this.server.listen(own);
    if (pages !== null) this.admin = await startLrsAdmin(this.server, pages);
    this.endings.push(stayAlive());
    if (config !== "") this.endings.push(watchFile(config, this.wheel, () => this.reload()));
    // Whoever reads that it runs may end it at once.
    const signals = this.options.isTop ? [] : (["SIGINT", "SIGTERM"] as const);
    for (const signal of signals) process.once(signal, () => this.end());
    process.on("SIGHUP", () => this.hangUp());
    this.tell({ type: "listening", address: listen.text.replace(/\d+$/, `${port}`) });
    if (this.admin !== null) this.note(`Counts are shown on port ${this.admin.port}: /stats, /stats/prometheus, /load`);
    if (this.options.isTop) this.draw(terminal);
    // Whoever reads has gone: `starling lrs-server | head`.
    process.stdout.once("error", () => this.end());
    return null;
  }

  private draw(terminal: Terminal): void {
    const frame = new LrsFrame(this.server, systemClock.nowMs());
    const title = `starling lrs-server: ${this.options.listen.text} (q ends it)`;
    const screen: LiveScreen = liveScreen(terminal, async () => [
      title,
      ...frame.linesAt(systemClock.nowMs(), this.tail),
    ]);
    void screen.over.then(() => this.end());
  }

  private tell(event: LrsEvent): void {
    const line = logLine(event, systemClock.wallMs(), this.options.logForm);
    if (!this.options.isTop) {
      process.stdout.write(`${line}\n`);
      return;
    }
    this.tail.push(line);
    if (this.tail.length > TAIL_LINES) this.tail.shift();
  }

  private hangUp(): void {
    if (this.options.config !== "") this.reload();
    if (this.file === null) return;
    try {
      this.file.reopen();
    } catch (error) {
      this.note(`Cannot open ${this.file.path} again: ${systemText(error)}; the old one stays`);
    }
  }

  private reload(): void {
    const { config } = this.options;
    const plan = readPlan(config, (line) => this.note(line));
    if (plan === null) {
      this.note(`${config} is not taken; what was asked for stays`);
      return;
    }
    this.note(`${config} is taken`);
    this.server.assign(plan);
  }

  private end(): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.admin?.drain();
    void this.server
      .stop()
      .then(() => this.admin?.close())
      .then(() => {
        for (const ending of this.endings) ending();
        this.wheel.stop();
        this.file?.close();
        this.resolve();
      });
  }

  private note(text: string): void {
    this.tell({ type: "note", text });
  }
}

function readPlan(path: string, say: (line: string) => void): LrsServerPlan | null {
  if (path === "") return LRS_SERVER_DEFAULT;
  const { plan, errors, warnings } = loadLrsServerFile(path);
  for (const diagnostic of [...errors, ...warnings]) say(formatDiagnostic(diagnostic));
  return plan;
}

/** Or why there is none. */
function openFile(path: string): AppendFile | null | string {
  if (path === "") return null;
  try {
    return new AppendFile(path);
  } catch (error) {
    return `--append: cannot open '${path}': ${systemText(error)}`;
  }
}

/** Where to bind; or why it cannot be. Without a host any address: IPv6's takes IPv4 too, where the machine has it. */
async function bindable({ host, port, text }: ListenAddress): Promise<{ host: string; port: number } | string> {
  const hosts = host === "" ? ["::", "0.0.0.0"] : [host];
  let says = "";
  for (const one of hosts) {
    const fault = await checkAddressFree({ kind: "socket", host: one, port, ipv4Compat: true });
    if (fault === null) return { host: one, port };
    says = `cannot bind '${text}': ${fault.text.replace(/^.*': /, "")}`;
    if (!says.endsWith(systemText(NO_IPV6))) return says;
  }
  return says;
}

const NO_IPV6 = Object.assign(new Error("no IPv6"), { code: "EAFNOSUPPORT" });
const TAIL_LINES = 10;
