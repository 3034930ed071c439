// Records of access logs over OTLP, and how they are counted, beside the real Envoy: the same requests and connections, a collector each.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { envoyInstalled, freePort, LiveProxy, type Program } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { attributesOf, list, type Message } from "../support/otlp-proto.ts";
import { OtlpSink } from "../support/otlp-sink.ts";
import { proxyFile } from "../support/proxy-file.ts";
import { exchange } from "../support/raw-exchange.ts";
import { RecordingUpstream } from "../support/recording-upstream.ts";

type Fields = Readonly<Record<string, unknown>>;

const text = (string_value: string): Fields => ({ string_value });
const pairs = (of: Readonly<Record<string, Fields>>): Fields => ({
  values: Object.entries(of).map(([key, value]) => ({ key, value })),
});

const LOGS: Readonly<Record<string, Fields>> = {
  plain: {},
  whole: {
    log_name: "requests",
    body: text("%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL% %RESPONSE_CODE% %RESPONSE_FLAGS% 100%%\n"),
    attributes: pairs({
      code: text("%RESPONSE_CODE%"),
      missing: text("%REQ(X-NOT-THERE)%"),
      cut: text("%REQ(:PATH):3%"),
      type: text("%ACCESS_LOG_TYPE%"),
      nested: { kvlist_value: pairs({ list: { array_value: { values: [text("a %PROTOCOL%"), text("b")] } } }) },
    }),
    resource_attributes: pairs({ region: text("north %PROTOCOL%"), zone_name: text("of the file") }),
    custom_tags: [
      { tag: "literal", literal: { value: "l" } },
      { tag: "absent", request_header: { name: "x-not-there" } },
      { tag: "otherwise", request_header: { name: "x-not-there", default_value: "d" } },
    ],
  },
  map: { body: { kvlist_value: pairs({ method: text("%REQ(:METHOD)%") }) }, disable_builtin_labels: true },
};

describe("access logs over OTLP, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  let seen: readonly Seen[] = [];

  before(async function () {
    if (!envoyInstalled()) this.skip();
    seen = [await seenOf("envoy"), await seenOf("starling")];
  });

  after(() => {
    seen = [];
  });

  for (const name of Object.keys(LOGS)) {
    it(`say the same of requests: ${name}`, () => {
      assert.equal(seen[0]?.records[name]?.length, 3);
      assert.deepEqual(seen[1]?.records[name], seen[0]?.records[name]);
    });
  }

  it("say the same of a raw connection", () => {
    assert.equal(seen[0]?.records["raw"]?.length, 1);
    assert.deepEqual(seen[1]?.records["raw"], seen[0]?.records["raw"]);
  });

  it("have Envoy's labels and the file's attributes in their resources, beside what spans say of it", () => {
    const own = /^(service\.|telemetry\.|node_id$|cloud\.)/;
    const [theirs, ours] = seen.map(({ resources }) => resources);
    const common = Object.entries(ours ?? {}).map(([name, of]) => [
      name,
      Object.fromEntries(Object.entries(of).filter(([key]) => !own.test(key))),
    ]);
    assert.equal(theirs?.["whole"]?.["log_name"], "requests");
    assert.deepEqual(Object.fromEntries(common), theirs);
    assert.equal(ours?.["whole"]?.["service.name"], "front");
  });

  it("are counted alike", () => {
    assert.match(seen[0]?.counters ?? "", /whole\.logs_written: 3/);
    assert.equal(seen[1]?.counters, seen[0]?.counters);
  });
});

interface Seen {
  readonly records: Readonly<Record<string, readonly unknown[]>>;
  readonly resources: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly counters: string;
}

async function seenOf(program: Program): Promise<Seen> {
  const [upstream, sink] = [await RecordingUpstream.start(), await OtlpSink.start()];
  const port = await freePort();
  const rawPort = await freePort([port]);
  const adminPort = await freePort([port, rawPort]);
  const access_log = Object.entries(LOGS).map(([name, log]) => logger(name, log));
  const morePorts = { collector: sink.httpPort };
  const file = JSON.parse(
    proxyFile({ port, adminPort, upstreamPort: upstream.port, manager: { access_log }, morePorts }),
  );
  file.static_resources.listeners.push(rawListener(rawPort));
  const flags = ["--service-cluster", "front", "--service-node", "n1", "--service-zone", "z1"];
  const proxy = await LiveProxy.start(program, JSON.stringify(file), adminPort, flags);
  try {
    await exchange(port, "GET /one HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    await exchange(port, "POST /longer HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    await exchange(port, "GET /x HTTP/1.1\r\nhost: a\r\nexpect: 200-maybe\r\nconnection: close\r\n\r\n");
    await exchange(rawPort, "GET /raw HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    const records = (): number => sink.logs.flatMap((log) => scopesOf(log)).reduce((sum, one) => sum + one.length, 0);
    await eventually(() => Promise.resolve(records() >= 10));
    // They count when the collector has taken them: its answer is still on its way when it has them.
    let counters = "";
    await eventually(async () => {
      const stats = await fetch(`http://127.0.0.1:${adminPort}/stats?filter=access_log.*logs_(written|dropped)`);
      counters = await stats.text();
      return [...counters.matchAll(/: (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0) === 10;
    });
    return { ...sorted(sink), counters };
  } finally {
    await proxy.stop();
    await upstream.stop();
    sink.stop();
  }
}

/** Exports by the logger they are of, without what changes from run to run. */
function sorted(sink: OtlpSink): Omit<Seen, "counters"> {
  const records: Record<string, unknown[]> = {};
  const resources: Record<string, Record<string, string>> = {};
  for (const log of sink.logs) {
    for (const record of scopesOf(log).flat()) {
      const { log: name = "", ...attributes } = attributesOf(record);
      const { attributes: _, time_unix_nano, ...rest } = record;
      assert.match(String(time_unix_nano), /^1\d{15}000$/);
      records[name] = [...(records[name] ?? []), { ...rest, ...attributes }];
      resources[name] = attributesOf(list(log["resource_logs"])[0]?.["resource"] as Message);
    }
  }
  return { records, resources };
}

function scopesOf(log: Message): (readonly Message[])[] {
  return list(log["resource_logs"]).flatMap((one) =>
    list(one["scope_logs"]).map((scope) => list(scope["log_records"])),
  );
}

function logger(name: string, fields: Fields): unknown {
  const { attributes = { values: [] } } = fields as { readonly attributes?: { readonly values: readonly unknown[] } };
  return {
    name,
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig",
      // An export that it gives up is counted as dropped: it has time, whatever else the machine does.
      http_service: { http_uri: { uri: "http://collector/v1/logs", cluster: "collector", timeout: "10s" } },
      stat_prefix: name,
      ...fields,
      attributes: { values: [...attributes.values, { key: "log", value: text(name) }] },
    },
  };
}

function rawListener(port: number): unknown {
  const body = text("%BYTES_RECEIVED% %RESPONSE_CODE% %ACCESS_LOG_TYPE%");
  const proxy = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
    stat_prefix: "raw",
    cluster: "echo",
    access_log: [logger("raw", { body })],
  };
  return {
    name: "raw",
    address: { socket_address: { address: "127.0.0.1", port_value: port } },
    filter_chains: [{ filters: [{ name: "envoy.filters.network.tcp_proxy", typed_config: proxy }] }],
  };
}
