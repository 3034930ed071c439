// What is said of Envoy's HTTP filters that there are none of here: each is refused by its name, with what to write instead.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";

type Fields = Readonly<Record<string, unknown>>;

const TYPES = "type.googleapis.com/envoy.extensions.filters";
const NAMED = { name: "x", typed_config: { "@type": `${TYPES}.http.router.v3.Router` } };
const ALWAYS = { default_value: { numerator: 100 } };
const GRPC = { envoy_grpc: { cluster_name: "c" } };

/** Types with what each must have. */
const REFUSED: Readonly<Record<string, Fields>> = {
  "adaptive_concurrency.v3.AdaptiveConcurrency": {
    gradient_controller_config: {
      concurrency_limit_params: { concurrency_update_interval: "1s" },
      min_rtt_calc_params: { interval: "60s" },
    },
  },
  "admission_control.v3.AdmissionControl": {
    success_criteria: { http_criteria: { http_success_status: [{ start: 200, end: 300 }] } },
  },
  "alternate_protocols_cache.v3.FilterConfig": {},
  "aws_lambda.v3.Config": { arn: "arn:aws:lambda:us-west-2:123456789012:function:f" },
  "aws_request_signing.v3.AwsRequestSigning": { service_name: "s3", region: "r" },
  "bandwidth_limit.v3.BandwidthLimit": { stat_prefix: "b" },
  "basic_auth.v3.BasicAuth": {},
  "cache.v3.CacheConfig": {},
  "cdn_loop.v3.CdnLoopConfig": { cdn_id: "c" },
  "composite.v3.Composite": {},
  "compressor.v3.Compressor": { compressor_library: NAMED },
  "connect_grpc_bridge.v3.FilterConfig": {},
  "credential_injector.v3.CredentialInjector": { credential: NAMED },
  "csrf.v3.CsrfPolicy": { filter_enabled: ALWAYS },
  "custom_response.v3.CustomResponse": {},
  "decompressor.v3.Decompressor": { decompressor_library: NAMED },
  "dynamic_forward_proxy.v3.FilterConfig": {},
  "ext_authz.v3.ExtAuthz": {},
  "ext_proc.v3.ExternalProcessor": { grpc_service: GRPC },
  "file_system_buffer.v3.FileSystemBufferFilterConfig": {},
  "gcp_authn.v3.GcpAuthnFilterConfig": {},
  "header_to_metadata.v3.Config": {},
  "ip_tagging.v3.IPTagging": { ip_tags: [{ ip_tag_name: "t" }] },
  "json_to_metadata.v3.JsonToMetadata": {},
  "jwt_authn.v3.JwtAuthentication": {},
  "kill_request.v3.KillRequest": {},
  "lua.v3.Lua": {},
  "oauth2.v3.OAuth2": {},
  "on_demand.v3.OnDemand": {},
  "original_src.v3.OriginalSrc": {},
  "ratelimit.v3.RateLimit": { domain: "d", rate_limit_service: { grpc_service: GRPC, transport_api_version: "V3" } },
  "rbac.v3.RBAC": {},
  "set_filter_state.v3.Config": {},
  "set_metadata.v3.Config": {},
  "stateful_session.v3.StatefulSession": {},
  "tap.v3.Tap": { common_config: { admin_config: { config_id: "t" } } },
  "thrift_to_metadata.v3.ThriftToMetadata": {},
  "upstream_codec.v3.UpstreamCodec": {},
  "wasm.v3.Wasm": {},
};

/** Types of newer Envoys, which no field of theirs is known of. */
const UNKNOWN = [
  "api_key_auth.v3.ApiKeyAuth",
  "dynamic_modules.v3.DynamicModuleFilter",
  "golang.v3alpha.Config",
  "proto_message_extraction.v3.ProtoMessageExtractionConfig",
];

/** What is said of a file with this filter before the router. */
function said(filter: Fields, route: Fields = {}): { errors: string[]; warnings: string[] } {
  const routes = [{ match: { prefix: "/" }, direct_response: { status: 200 }, ...route }];
  const manager = {
    "@type": `${TYPES}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "main",
    route_config: { name: "r", virtual_hosts: [{ name: "v", domains: ["*"], routes }] },
    http_filters: [filter, NAMED],
  };
  const listener = {
    name: "a",
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [{ filters: [{ name: "hcm", typed_config: manager }] }],
  };
  const text = JSON.stringify({ static_resources: { listeners: [listener] } });
  const { errors, warnings } = loadPlan({ text, file: "t.yaml" });
  return { errors: errors.map(({ message }) => message), warnings: warnings.map(({ message }) => message) };
}

function filterOf(type: string, fields: Fields = {}, more: Fields = {}): Fields {
  return { name: "f", ...more, typed_config: { "@type": `${TYPES}.http.${type}`, ...fields } };
}

describe("HTTP filters of Envoy's that there are none of here", () => {
  for (const [type, fields] of Object.entries(REFUSED)) {
    it(`are refused by name: ${type}`, () => {
      const { errors } = said(filterOf(type, fields));
      const refusal = `not supported: the HTTP filter 'f' (envoy.extensions.filters.http.${type}); instead `;
      assert.ok(
        errors.some((error) => error.startsWith(refusal)),
        errors.join("\n"),
      );
    });
  }

  for (const type of UNKNOWN) {
    it(`are not known at all: ${type}`, () => {
      assert.match(
        said(filterOf(type)).errors.join("\n"),
        new RegExp(`the type envoy\\.[a-z.]+\\.${type} is not known`),
      );
    });
  }

  it("have TypeScript for Lua and Wasm", () => {
    for (const type of ["lua.v3.Lua", "wasm.v3.Wasm"]) {
      assert.match(said(filterOf(type)).errors.join("\n"), /instead write the filter in TypeScript.*http\.module/);
    }
  });

  it("may stand there when they are off or optional, with a warning, but no route may turn them on", () => {
    const lua = "lua.v3.Lua";
    const entry = (config: Fields): Fields => ({ typed_per_filter_config: { f: config } });
    const wrapper = "type.googleapis.com/envoy.config.route.v3.FilterConfig";
    const off = filterOf(lua, {}, { disabled: true });
    for (const filter of [off, filterOf(lua, {}, { is_optional: true })]) {
      const { errors, warnings } = said(filter);
      assert.deepEqual(errors, []);
      assert.match(warnings.join("\n"), /the HTTP filter 'f' .* is accepted and not acted on/);
    }
    const ways = [
      { "@type": wrapper, config: {} },
      { "@type": `${TYPES}.http.lua.v3.LuaPerRoute`, name: "x" },
    ];
    for (const way of ways) {
      assert.match(
        said(off, entry(way)).errors.join("\n"),
        /^not supported: turning on the HTTP filter 'f' on a route/,
      );
    }
    assert.deepEqual(said(off, entry({ "@type": wrapper, disabled: true })).errors, []);
  });
});
