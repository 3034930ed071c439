import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { type AdminAnswer, askAdmin, exchange, readAnswer } from "../../support/admin-client.ts";
import {
  anonymous,
  DIFFERENCES,
  expectedHere,
  goldenBody,
  goldenExchanges,
  goldenHead,
  undated,
} from "../../support/admin-golden.ts";
import { GoldenFrontProxy } from "../../support/golden-front-proxy.ts";
import { goldenText } from "../../support/live-proxy.ts";
import { eventually } from "../../support/nodes.ts";

let proxy: GoldenFrontProxy;

async function ask(line: string, more = {}): Promise<AdminAnswer> {
  const answer = await askAdmin(proxy.adminPort, line, more);
  return { ...answer, head: undated(answer.head), body: proxy.asCaptured(answer.body) };
}

describe("admin pages, compared with Envoy's of the same file and traffic", () => {
  before(async () => {
    proxy = await GoldenFrontProxy.start();
    await proxy.carryTraffic();
  });

  after(() => proxy.stop());

  for (const [path, name] of Object.entries({
    "/ready": "ready",
    "/listeners": "listeners",
    "/clusters": "clusters",
    "/contention": "contention",
    "/hot_restart_version": "hot_restart_version",
    "/help": "help",
    "/nosuch": "nosuch",
    "/stats?filter=[": "stats__filter-bracket",
  })) {
    it(`${path} is the same to the byte`, async () => {
      const { head, body } = await ask(`GET ${path}`);
      assert.deepEqual(head, goldenHead(name));
      assert.equal(path === "/listeners" ? anonymous(body) : body, expectedHere(path, goldenBody(name)));
    });
  }

  for (const [path, name] of Object.entries({
    "/listeners?format=json": "listeners__format-json",
    "/clusters?format=json": "clusters__format-json",
    "/runtime": "runtime",
    "/certs": "certs",
    "/init_dump": "init_dump",
  })) {
    it(`${path} says the same`, async () => {
      const { head, body } = await ask(`GET ${path}`);
      assert.deepEqual(head, goldenHead(name));
      assert.deepEqual(undays(JSON.parse(anonymous(body))), undays(JSON.parse(anonymous(goldenBody(name)))));
    });
  }

  it("/ is a page of HTML", async () => {
    const { head, body } = await ask("GET /");
    assert.deepEqual(head, goldenHead("root"));
    assert.match(body, /<td><a href="clusters">\/clusters<\/a><\/td>/);
  });

  it("/memory has the same names, each with a number as text", async () => {
    const { head, body } = await ask("GET /memory");
    assert.deepEqual(head, goldenHead("memory"));
    const values = JSON.parse(body) as Record<string, string>;
    assert.deepEqual(Object.keys(values), Object.keys(JSON.parse(goldenBody("memory"))));
    assert.ok(Object.values(values).every((text) => /^\d+$/.test(text)));
  });

  it("/server_info says the same of what is not this program's own", async () => {
    const { head, body } = await ask("GET /server_info");
    assert.deepEqual(head, goldenHead("server_info"));
    assert.deepEqual(ownFactsAside(JSON.parse(body)), ownFactsAside(JSON.parse(goldenBody("server_info"))));
  });

  it("/config_dump says the same, secrets hidden", async () => {
    const { head, body } = await ask("GET /config_dump");
    assert.deepEqual(head, goldenHead("config_dump"));
    assert.deepEqual(dump(body), dump(goldenText("config-dump/admin.json")));
  });

  for (const [query, name] of Object.entries({
    "resource=static_clusters": "config_dump__resource-static_clusters",
    "mask=bootstrap.node.id": "config_dump__mask-bootstrap.node.id",
  })) {
    it(`/config_dump?${query} says the same`, async () => {
      const { body } = await ask(`GET /config_dump?${query}`);
      assert.deepEqual(dump(body), dump(goldenBody(name)));
    });
  }

  it("/config_dump?include_eds says the same of the endpoints", async () => {
    const { body } = await ask("GET /config_dump?include_eds");
    const endpoints = dump(body).filter((config) => String(config["@type"]).endsWith("EndpointsConfigDump"));
    assert.deepEqual(endpoints, dump(goldenBody("config_dump__include_eds")));
  });

  it("heads keep the connection without saying so, also for HEAD", async () => {
    const kept = goldenHead("ready").filter((line) => line !== "connection: close");
    const get = "GET /ready HTTP/1.1\r\nhost: a\r\n\r\n";
    const text = await exchange(
      proxy.adminPort,
      `${get}HEAD${get.slice(3)}${get.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n")}`,
    );
    const [first = "", second = "", third = ""] = text.split(/(?=HTTP\/1.1 )/);
    assert.deepEqual(undated(readAnswer(first).head), kept);
    assert.deepEqual(undated(readAnswer(second).head), kept);
    assert.equal(second.endsWith("chunked\r\n\r\n"), true, "no body after the head");
    assert.deepEqual(undated(readAnswer(third).head), goldenHead("ready"));
    assert.equal(readAnswer(third).body, "LIVE\n");
  });

  for (const [line, status, body] of [
    ["GET //", 404, /^invalid path\. admin commands are:\n/],
    ["GET /ready/", 404, /^invalid path/],
    ["GET /READY", 404, /^invalid path/],
    ["GET /ready#x", 200, /^LIVE\n$/],
    ["GET http://elsewhere/ready", 200, /^LIVE\n$/],
    ["DELETE /ready", 200, /^LIVE\n$/],
    ["GET /stats?type=counters", 400, /^invalid &type= param$/],
    ["GET /stats?format=bogus", 400, /^usage: \/stats\?format=\(json\|prometheus\|text\)\n\n$/],
    [
      "GET /stats?histogram_buckets=bogus",
      400,
      /^usage: \/stats\?histogram_buckets=\(cumulative\|disjoint\|detailed\|summary\)\n$/,
    ],
    ["GET /stats/prometheus?histogram_buckets=detailed", 400, /^unsupported prometheus histogram bucket mode$/],
    ["GET /stats?filter=a+b", 200, /^(.*ab.*\n)+$/],
    ["GET /clusters?filter=[", 400, /^Invalid re2 regex$/],
    ["GET /clusters?filter=^service2", 200, /^(service2-envoy::.*\n)+$/],
    ["GET /config_dump?resource=bogus", 404, /^bogus not found in config dump$/],
    [
      "GET /config_dump?resource=bootstrap",
      400,
      /^bootstrap is not a repeated field\. Use \?mask=bootstrap to get only this field$/,
    ],
    ["GET /config_dump?resource=static_secrets", 200, /^\{\}\n$/],
    ["GET /config_dump?mask=bogus", 400, /^FieldMask bogus could not be successfully applied to any configs\.$/],
    [
      "GET /config_dump?name_regex=[",
      400,
      /^INVALID_ARGUMENT: Error while parsing name_regex from \[: missing \]: \[$/,
    ],
    ["POST /logging?level=info&http=debug", 400, /^error: invalid number of parameters\n/],
    ["POST /logging?paths=http", 400, /^error: empty logger name or empty logger level\n/],
    ["POST /logging?level=", 200, /^active loggers:\n/],
  ] as const) {
    it(`${line} is answered with ${status} as Envoy does`, async () => {
      const answer = await ask(line);
      assert.equal(answer.status, status, answer.body);
      assert.match(answer.body, body);
    });
  }

  it("no HTTP is answered with 400 in Envoy's form, and the connection ends", async () => {
    const text = await exchange(proxy.adminPort, "BAD\r\n\r\n");
    assert.match(
      text,
      /^HTTP\/1.1 400 Bad Request\r\ncontent-length: 11\r\ncontent-type: text\/plain\r\ndate: .*\r\nserver: envoy\r\nconnection: close\r\n\r\nBad Request$/,
    );
  });

  it("HTTP/1.0 and a request without a host are refused as Envoy refuses them", async () => {
    const date = "date: .{29}\\r\\n";
    const old = await exchange(proxy.adminPort, "GET /ready HTTP/1.0\r\n\r\n");
    const oldHead = `^HTTP/1.1 426 Upgrade Required\\r\\ncontent-length: 16\\r\\ncontent-type: text/plain\\r\\n${date}`;
    assert.match(old, new RegExp(`${oldHead}server: envoy\\r\\nconnection: close\\r\\n\\r\\nUpgrade Required$`));
    const homeless = await exchange(proxy.adminPort, "GET /ready HTTP/1.1\r\n\r\n");
    const end = "server: envoy\\r\\nconnection: close\\r\\ncontent-length: 0\\r\\n\\r\\n$";
    assert.match(homeless, new RegExp(`^HTTP/1.1 400 Bad Request\\r\\n${date}${end}`));
  });

  it("a form's parameters count only when the URL has none", async () => {
    const form = { fields: { "content-type": "application/x-www-form-urlencoded" }, body: "a=b" };
    assert.equal((await ask("POST /runtime_modify", form)).status, 503);
    assert.equal((await ask("POST /runtime_modify", { body: "a=b" })).status, 400);
    assert.match((await ask("POST /logging?level=info", form)).body, /^active loggers/);
  });
});

describe("admin requests that change something, compared with Envoy's", () => {
  before(async () => {
    proxy = await GoldenFrontProxy.start();
  });

  after(() => proxy.stop());

  it("are answered the same, one after the other", async () => {
    for (const { request, head, body } of goldenExchanges()) {
      const answer = await ask(request);
      assert.deepEqual(answer.head, undated(head), request);
      const expected = expectedHere(request, body);
      if (head.includes("content-type: application/json"))
        assert.deepEqual(JSON.parse(answer.body), JSON.parse(expected));
      else assert.equal(answer.body, expected, request);
    }
    await eventually(() => proxy.quits.length === 1);
  });

  it("make proxied answers end their connections while the health check fails", async () => {
    const connectionOf = async () => (await ask2(proxy.plainPort)).find((line) => line.startsWith("connection"));
    // The worker may not have heard yet that the health check passes again.
    await eventually(async () => (await connectionOf()) === undefined);
    await ask("POST /healthcheck/fail");
    await eventually(async () => (await connectionOf()) === "connection: close");
    await ask("POST /healthcheck/ok");
    await eventually(async () => (await connectionOf()) === undefined);
  });
});

describe("the differences from Envoy's admin pages", () => {
  it("are each still there", () => {
    const pages = ["/help", "/nosuch", "/listeners"].map((path) => [path, goldenBody(path.slice(1))] as const);
    const texts = [...pages, ...goldenExchanges().map(({ request, body }) => [request, body] as const)];
    for (const { what, where, change } of DIFFERENCES) {
      assert.ok(
        texts.some(([path, text]) => where.test(path) && change(text) !== text),
        `${what}: nothing differs any more`,
      );
    }
  });
});

/** The head of an answer on a connection that the client would keep. */
async function ask2(port: number): Promise<readonly string[]> {
  const get = "GET /nobody HTTP/1.1\r\nhost: a\r\n";
  const text = await exchange(port, `${get}\r\n${get}connection: close\r\n\r\n`);
  return readAnswer(text.split(/(?=HTTP\/1.1 )/)[0] ?? "").head;
}

type Json = Record<string, unknown>;

/** Configurations of a dump with their times, Envoy's extension list and each program's own name aside. */
function dump(text: string): Json[] {
  const { configs } = JSON.parse(text, (key, value: unknown) => (key === "last_updated" ? "then" : value)) as {
    configs: Json[];
  };
  for (const { bootstrap } of configs) {
    const node = (bootstrap as Json | undefined)?.["node"] as Json | undefined;
    for (const own of OWN_IDENTITY) delete node?.[own];
  }
  return configs;
}

/** What only the process itself can say: its version, flags of where its file is, and how long it runs. */
function ownFactsAside(info: Json): Json {
  const { version, uptime_all_epochs, uptime_current_epoch, ...rest } = info;
  assert.match(String(version), /^[^/]+\/1\.40\.0\/Clean\/RELEASE\/\w+$/);
  for (const uptime of [uptime_all_epochs, uptime_current_epoch]) assert.match(String(uptime), /^\d+s$/);
  const options = info["command_line_options"] as Json;
  const { config_path, config_yaml, use_dynamic_base_id, ...flags } = options;
  assert.deepEqual(
    [typeof config_path, typeof config_yaml, typeof use_dynamic_base_id],
    ["string", "string", "boolean"],
  );
  const node = { ...(info["node"] as Json) };
  assert.deepEqual(Object.keys(node["user_agent_build_version"] as Json), ["version", "metadata"]);
  for (const own of OWN_IDENTITY) delete node[own];
  return { ...rest, command_line_options: flags, node };
}

/** Days pass. */
function undays(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, one: unknown) => (key === "days_until_expiration" ? "days" : one)));
}

const OWN_IDENTITY = ["extensions", "user_agent_name", "user_agent_build_version"];
