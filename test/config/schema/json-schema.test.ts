// The published JSON Schema agrees with loading: it takes what Envoy takes and refuses what is misspelt or out of range.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { loadConfigText } from "../../../src/config/load/load-config.ts";
import { toProtoJson } from "../../../src/config/load/to-proto-json.ts";
import { jsonSchemaOf } from "../../../src/config/schema/json-schema.ts";
import { fitsSchema } from "../../support/schema/json-schema-validator.ts";

const golden = join(import.meta.dirname, "../../golden/envoy");

describe("the JSON Schema of a bootstrap", () => {
  const schema = jsonSchemaOf();

  for (const name of readdirSync(golden)) {
    it(`takes ${name}`, () => {
      const { message } = loadConfigText(readFileSync(join(golden, name), "utf8"), { file: name });
      assert.ok(message !== null);
      assert.equal(fitsSchema(schema, JSON.parse(JSON.stringify(toProtoJson(message, { redact: false })))), true);
    });
  }

  const cluster = (fields: object): unknown => ({ static_resources: { clusters: [{ name: "c", ...fields }] } });
  const address = (fields: object): unknown => ({
    admin: { address: { socket_address: { address: "a", port_value: 1, ...fields } } },
  });
  const extension = (config: object): unknown => ({ bootstrap_extensions: [{ name: "x", typed_config: config }] });
  const router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

  const taken: readonly (readonly [string, unknown])[] = [
    ["camelCase names", { staticResources: { clusters: [{ name: "c", connectTimeout: "1s" }] } }],
    ["one value for a list of one", { static_resources: { clusters: { name: "c" } } }],
    ["durations as objects", cluster({ dns_refresh_rate: { seconds: 1 } })],
    ["integers as text", cluster({ per_connection_buffer_limit_bytes: "0x10" })],
    ["enums by number", cluster({ lb_policy: 3 })],
    ["known extensions", extension({ "@type": router, dynamic_stats: true })],
    ["other types in an Any", extension({ "@type": "type.googleapis.com/xds.type.v3.TypedStruct", value: {} })],
  ];
  for (const [what, value] of taken) it(`takes ${what}`, () => assert.equal(fitsSchema(schema, value), true));

  const refused: readonly (readonly [string, unknown])[] = [
    ["a misspelt field", cluster({ conect_timeout: "1s" })],
    ["a duration without its unit", cluster({ connect_timeout: "1" })],
    ["a duration that must be more than nothing", cluster({ connect_timeout: "0s" })],
    ["a misspelt enum value", cluster({ lb_policy: "BEST" })],
    ["a cluster without a name", { static_resources: { clusters: [{}] } }],
    ["a port out of range", address({ port_value: 70000 })],
    ["two members of a oneof", address({ named_port: "x" })],
    ["a misspelt field inside an Any", extension({ "@type": router, dynamic_stat: true })],
    ["an Any without a type URL", extension({ "@type": "Router" })],
    ["a list where a message is wanted", { static_resources: [] }],
  ];
  for (const [what, value] of refused) it(`refuses ${what}`, () => assert.equal(fitsSchema(schema, value), false));
});
