// A proxy in front of a lying upstream that redirects, and what client, upstream, counters and access log saw of each request.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REDIRECT_ROUTES, type RedirectCase } from "../differential/internal-redirect-cases.ts";
import type { Program } from "./live-proxy.ts";
import { LyingUpstream } from "./lying-upstream.ts";
import { otelTracer } from "./proxy-file.ts";
import { exchange, masked } from "./raw-exchange.ts";
import { Stage } from "./stage.ts";

/** How both sides of the proxy speak. */
export interface RoomProtocols {
  readonly downstream: "http1" | "http2";
  readonly upstream: "http1" | "http2";
}

/** One program's room. */
export class RedirectRoom {
  private readonly stage: Stage;
  private readonly upstream: LyingUpstream;
  private readonly folder: string;
  private readonly protocols: RoomProtocols;
  private before: ReadonlyMap<string, number> = new Map();

  private constructor(stage: Stage, upstream: LyingUpstream, folder: string, protocols: RoomProtocols) {
    this.stage = stage;
    this.upstream = upstream;
    this.folder = folder;
    this.protocols = protocols;
  }

  static async start(program: Program, protocols: RoomProtocols): Promise<RedirectRoom> {
    const upstream = await LyingUpstream.start(protocols.upstream);
    const folder = mkdtempSync(join(tmpdir(), "redirects-"));
    const host = {
      name: "all",
      domains: ["*"],
      include_request_attempt_count: true,
      request_headers_to_add: SEEN.map((value) => ({ header: { key: "x-seen", value } })),
      routes: REDIRECT_ROUTES,
    };
    const access_log = Object.entries(LINES).map(([file, inline_string]) => ({
      name: "envoy.access_loggers.file",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
        path: join(folder, file),
        log_format: { text_format_source: { inline_string } },
      },
    }));
    const stage = await Stage.start({
      program,
      upstreamPort: upstream.port,
      upstream: protocols.upstream,
      manager: {
        access_log,
        tracing: { provider: otelTracer() },
        route_config: { name: "local", virtual_hosts: [host] },
      },
      morePorts: { nobody: 1, collector: 1 },
      listener: { per_connection_buffer_limit_bytes: 1000 },
    });
    return new RedirectRoom(stage, upstream, folder, protocols);
  }

  /** Sends a case's request: the answer, and what the upstream saw. */
  async ask(one: RedirectCase): Promise<string> {
    this.before = await this.stage.stats();
    const answer = this.protocols.downstream === "http1" ? await this.askHttp1(one) : await this.askHttp2(one);
    await this.stage.untilIdle();
    const seen = this.upstream
      .of(caseOf(one))
      .map(({ headers, bodyBytes }) =>
        [`body=${bodyBytes}`, ...[...headers].filter(([name]) => !MASKED.test(name)).map((pair) => pair.join(": "))]
          .toSorted()
          .join("\n"),
      );
    const text = masked([answer, ...seen].join("\n---\n"));
    return text.replaceAll(/(?<=traceparent: 00-)[0-9a-f]{32}-[0-9a-f]{16}/g, "<ids>");
  }

  /** What the last request counted, in the manager and in the cluster. */
  async counted(): Promise<readonly string[]> {
    const now = await this.stage.stats();
    return [...now]
      .filter(([name]) => COUNTED.test(name) && !LEFT_OUT.test(name))
      .map(
        ([name, value]) =>
          [name.replace(/127\.0\.0\.1_\d+/, "<listener>"), value - (this.before.get(name) ?? 0)] as const,
      )
      .filter(([, more]) => more !== 0)
      .map(([name, more]) => `${name} +${more}`)
      .toSorted();
  }

  /** Ends it; answers the lines of the access logs. */
  async stop(): Promise<Readonly<Record<LogName, readonly string[]>>> {
    await this.stage.stop();
    await this.upstream.stop();
    const lines = (file: string): string[] => readFileSync(join(this.folder, file), "utf8").trim().split("\n");
    const found = { facts: lines("facts"), routes: lines("routes") };
    rmSync(this.folder, { recursive: true });
    return found;
  }

  private askHttp1({ method = "GET", path, headers = {}, body = "", trailer, ...one }: RedirectCase): Promise<string> {
    const chunked =
      trailer === undefined ? "" : `${body.length.toString(16)}\r\n${body}\r\n0\r\n${trailer && `${trailer}\r\n`}\r\n`;
    const framing =
      trailer === undefined ? { "content-length": String(body.length) } : { "transfer-encoding": "chunked" };
    const fields = { host: "a.b", ...scriptOf({ ...one, path }), ...headers, ...(body === "" ? {} : framing) };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    const request = `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${chunked || body}`;
    return exchange(this.stage.port, request, { quietMs: 60 });
  }

  private askHttp2({ method = "GET", path, headers = {}, body = "", trailer, ...one }: RedirectCase): Promise<string> {
    return new Promise((resolve, reject) => {
      const session = connectHttp2(`http://127.0.0.1:${this.stage.port}`);
      const head = { ":method": method, ":path": path, ":authority": "a.b", ...scriptOf({ ...one, path }), ...headers };
      const stream = session.request(head, { endStream: body === "", waitForTrailers: Boolean(trailer) });
      const [name = "", value = ""] = trailer?.split(": ") ?? [];
      stream.on("wantTrailers", () => stream.sendTrailers({ [name]: value }));
      let text = "";
      stream.on("response", (answer) => {
        text += Object.entries(answer)
          .map(([field, found]) => `${field}: ${found}\n`)
          .join("");
      });
      stream.on("data", (bytes) => {
        text += bytes;
      });
      session.on("error", reject);
      stream.on("error", reject);
      stream.on("close", () => session.close(() => resolve(text)));
      if (body !== "") stream.end(body);
    });
  }
}

function caseOf({ name }: Pick<RedirectCase, "name">): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}

function scriptOf(one: Pick<RedirectCase, "name" | "script" | "path">): Readonly<Record<string, string>> {
  return { "x-case": caseOf(one), "x-script": one.script.join("|") };
}

/** The upstream remembers no start line. */
const SEEN: readonly string[] = ["%REQ(:METHOD)%", "%REQ(:PATH)%"];

type LogName = "facts" | "routes";

/** Lines of the access logs. */
const LINES: Readonly<Record<LogName, string>> = {
  facts:
    "%REQ(:METHOD)% %REQ(:AUTHORITY)%%REQ(:PATH)% %REQ(X-ENVOY-ORIGINAL-URL)% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% " +
    "%BYTES_RECEIVED% %BYTES_SENT% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %RESP(LOCATION)% %UPSTREAM_REQUEST_ATTEMPT_COUNT%\n",
  routes: "%REQ(X-CASE)%: %RESPONSE_CODE_DETAILS% %ROUTE_NAME%\n",
};

/** Names and values of which both have their own; tracing: Envoy decides anew, but for the span, in each round that is redirected again. */
const MASKED = /^(x-request-id|x-script|tracestate|x-envoy-expected-rq-timeout-ms)$/;
const COUNTED = /^(cluster\.(echo|nobody)\.|http\.main\.|listener\.(?!admin)[^:]*\.http\.)/;
const LEFT_OUT =
  /bytes|tracing|_time|_ms|active|warming|lb_|membership|max_host_weight|update_|version|default\.|circuit_breakers|cx_|http[12]\.|flow_control/;
