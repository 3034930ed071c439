// A real Prometheus as a process: asks the targets of a file each second, with the alert rules of compose/observability, and answers queries.
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OBSERVABILITY } from "./dashboards.ts";
import { installed, runs } from "./installed.ts";
import { freePort } from "./live-proxy.ts";
import { eventually } from "./nodes.ts";

/** Whether it and promtool can be run; where CI is set their absence is a failure, elsewhere a skip. */
export function prometheusInstalled(): boolean {
  return ["prometheus", "promtool"].every((program) => installed(program, runs(program, "--version")));
}

/** A query's answer: label sets with their values. */
export type Series = readonly { readonly metric: Readonly<Record<string, string>>; readonly value: number }[];

/** A running server. */
export class PrometheusServer {
  private readonly port: number;
  private readonly folder: string;
  private readonly child: ChildProcess;
  private log = "";

  private constructor(port: number, folder: string) {
    this.port = port;
    this.folder = folder;
    const flags = ["config.file=prometheus.yaml", "storage.tsdb.path=data", `web.listen-address=127.0.0.1:${port}`];
    this.child = spawn(
      "prometheus",
      flags.map((flag) => `--${flag}`),
      { cwd: folder, stdio: ["ignore", "ignore", "pipe"] },
    );
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.log += text;
    });
  }

  /** Starts one; targets are `host:port` by job. */
  static async start(targets: Readonly<Record<string, readonly string[]>>): Promise<PrometheusServer> {
    const folder = mkdtempSync(join(tmpdir(), "prometheus-"));
    const jobs = Object.keys(targets).map((job_name) => ({
      job_name,
      metrics_path: "/stats/prometheus",
      file_sd_configs: [{ files: [`${job_name}.json`] }],
    }));
    const global = { scrape_interval: "1s", evaluation_interval: "1s" };
    copyFileSync(join(OBSERVABILITY, "alerts.yaml"), join(folder, "alerts.yaml"));
    writeFileSync(
      join(folder, "prometheus.yaml"),
      JSON.stringify({ global, rule_files: ["alerts.yaml"], scrape_configs: jobs }),
    );
    for (const [job, hosts] of Object.entries(targets)) writeTargets(folder, job, hosts);
    const server = new PrometheusServer(await freePort(), folder);
    try {
      await eventually(async () => (await server.get("/-/ready")).status === 200);
    } catch {
      await server.stop();
      throw new Error(`prometheus did not come up:\n${server.log}`);
    }
    return server;
  }

  /** A job asks these from now on. */
  retarget(job: string, hosts: readonly string[]): void {
    writeTargets(this.folder, job, hosts);
  }

  /** What a query finds now; rejects when it does not parse. */
  async query(expr: string): Promise<Series> {
    const answer = await this.get(`/api/v1/query?query=${encodeURIComponent(expr)}`);
    const { status, error, data } = (await answer.json()) as QueryAnswer;
    if (status !== "success") throw new Error(`${expr}: ${error}`);
    const { result, resultType } = data;
    if (resultType !== "vector") throw new Error(`${expr}: is a ${resultType}`);
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  /** Names of the alerts that are pending or fire. */
  async active(): Promise<ReadonlySet<string>> {
    const { data } = (await (await this.get("/api/v1/alerts")).json()) as {
      readonly data: { readonly alerts: readonly { readonly labels: { readonly alertname: string } }[] };
    };
    return new Set(data.alerts.map(({ labels }) => labels.alertname));
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    if (this.child.exitCode === null && this.child.kill("SIGKILL")) await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get(path: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`).catch(() => new Response(null, { status: 599 }));
  }
}

interface QueryAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly resultType: string;
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: readonly [number, string] }[];
  };
}

function writeTargets(folder: string, job: string, targets: readonly string[]): void {
  writeFileSync(join(folder, `${job}.json`), JSON.stringify([{ targets }]));
}
