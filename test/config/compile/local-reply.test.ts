// local_reply_config: the plan that it becomes, and what is said of what it does not.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import { managerFilter } from "../../support/proxy-file.ts";

const NR = { response_flag_filter: { flags: ["NR"] } };

describe("local_reply_config", () => {
  it("is nothing when it says nothing", () => {
    assert.equal(load({}).replies, null);
    assert.equal(load({ mappers: [] }).replies, null);
  });

  it("keeps what no mapper changes", () => {
    assert.deepEqual(load({ mappers: [{ filter: NR }] }), {
      replies: {
        mappers: [
          { filter: { kind: "flags", flags: ["NR"] }, status: -1, replyBody: null, bodyFormat: null, headersToAdd: [] },
        ],
        bodyFormat: null,
      },
      said: [],
    });
  });

  it("has bodies of every source as bytes, an empty one too", () => {
    const bodies = [
      { inline_string: "" },
      { inline_string: "é" },
      { inline_bytes: "/wA=" },
      { environment_variable: "REPLY" },
      { filename: "/reply" },
    ];
    const { replies, said } = load({ mappers: bodies.map((body) => ({ filter: NR, body })) });
    assert.deepEqual(said, []);
    assert.deepEqual(
      replies?.mappers.map(({ replyBody }) => replyBody && [...replyBody]),
      [[], [0xc3, 0xa9], [0xff, 0], [0x65], [0x66]],
    );
  });

  it("has formats in the bytes that they are, with the type of what they make", () => {
    const formats = [
      { text_format_source: { inline_string: "é%LOCAL_REPLY_BODY%" } },
      { text_format_source: { inline_string: "" }, content_type: "text/html" },
      { json_format: { é: ["é"], a: { b: "%LOCAL_REPLY_BODY%", c: 1 } } },
      { json_format: {}, content_type: "a/b", omit_empty_values: true },
    ];
    const { replies, said } = load({ mappers: formats.map((one) => ({ filter: NR, body_format_override: one })) });
    assert.deepEqual(said, []);
    const literal = (text: string) => ({ kind: "literal", text }) as const;
    const body = { kind: "operator", name: "LOCAL_REPLY_BODY", args: [], lengthMax: Number.POSITIVE_INFINITY };
    const fields = [
      { key: "b", value: { kind: "text", parts: [body] } },
      { key: "c", value: { kind: "constant", text: "1" } },
    ];
    const list = { kind: "list", values: [{ kind: "text", parts: [literal("Ã©")] }] };
    assert.deepEqual(
      replies?.mappers.map(({ bodyFormat }) => bodyFormat),
      [
        { contentType: "text/plain", format: [literal("Ã©"), body], json: null, omitEmpty: false },
        { contentType: "text/html", format: [], json: null, omitEmpty: false },
        {
          contentType: "application/json",
          format: [],
          json: [
            { key: "a", value: { kind: "map", fields } },
            { key: "Ã©", value: list },
          ],
          omitEmpty: false,
        },
        { contentType: "a/b", format: [], json: [], omitEmpty: true },
      ],
    );
  });

  it("says that %LOCAL_REPLY_BODY% has no value outside of its formats, where it is nothing", () => {
    const headers_to_add = [{ header: { key: "x", value: "[%LOCAL_REPLY_BODY%]" } }];
    const format = { text_format_source: { inline_string: "%LOCAL_REPLY_BODY%" } };
    const { replies, said } = load({ body_format: format, mappers: [{ filter: NR, headers_to_add }] });
    assert.deepEqual(said, ["warning %LOCAL_REPLY_BODY% is accepted and never has a value here"]);
    assert.deepEqual(
      replies?.mappers[0]?.headersToAdd[0]?.value.map((part) => part.kind === "literal" && part.text),
      ["[", "", "]"],
    );
  });

  it("refuses what it cannot do, and what is wrong", () => {
    const cases: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
      [{}, /^error .*filter/i],
      [{ filter: NR, status_code: 100 }, /^error .*200/],
      [{ filter: NR, status_code: 600 }, /^error .*600/],
      [{ filter: NR, body: { environment_variable: "NONE" } }, /^error Environment variable doesn't exist: NONE/],
      [{ filter: NR, body: { filename: "/none" } }, /^error Invalid path: \/none/],
      [{ filter: NR, body_format_override: {} }, /^error /],
      [
        { filter: NR, body_format_override: { text_format: "%NONE%" } },
        /^error Not supported field in StreamInfo: NONE/,
      ],
      [{ filter: { extension_filter: { name: "e" } } }, /^error not supported: access log filters of extensions/],
    ];
    for (const [mapper, says] of cases) {
      const { said } = load({ mappers: [mapper] });
      assert.match(said[0] ?? "", says, JSON.stringify(mapper));
    }
  });
});

function load(local_reply_config: unknown) {
  const route_config = { name: "r", virtual_hosts: [{ name: "v", domains: ["*"], routes: [] }] };
  const address = { socket_address: { address: "127.0.0.1", port_value: 1 } };
  const filters = [managerFilter({ route_config, local_reply_config })];
  const { plan, errors, warnings } = loadPlan(
    {
      file: "f",
      text: JSON.stringify({ static_resources: { listeners: [{ name: "l", address, filter_chains: [{ filters }] }] } }),
    },
    {
      environment: (name) => (name === "REPLY" ? "e" : undefined),
      readFile: (path) => (path === "/reply" ? Buffer.from("f") : new Error("no such file")),
    },
  );
  const { filter } = plan?.listeners[0]?.filterChains[0] ?? {};
  const text = (kind: string) => (one: { readonly message: string }) => `${kind} ${one.message}`;
  return {
    replies: filter?.kind === "http" ? filter.localReplies : null,
    said: [...errors.map(text("error")), ...warnings.map(text("warning"))],
  };
}
