// Reading checked messages: what accessors give, and which fields are reported as not acted on.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { CheckedMessage } from "../../../src/config/load/checked.ts";
import * as fields from "../../../src/config/load/fields.ts";
import { loadConfigText } from "../../../src/config/load/load-config.ts";

const text = `
static_resources:
  clusters:
  - name: c
    connect_timeout: 0.25s
    type: STATIC
    respect_dns_ttl: yes
    per_connection_buffer_limit_bytes: 32768
    metadata: { filter_metadata: { a: { x: 1 } } }
    common_lb_config: { healthy_panic_threshold: { value: 12.5 } }
    health_checks:
    - { timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1,
        tcp_health_check: { send: { binary: QUJD } } }
    load_assignment: { cluster_name: c, policy: { drop_overloads: [ { category: x } ] } }
    upstream_bind_config: { source_address: { address: 127.0.0.1, port_value: 0 } }
    typed_extension_protocol_options:
      p: { "@type": type.googleapis.com/envoy.config.core.v3.Address, pipe: { path: /p } }
`;

describe("fields of checked messages", () => {
  it("have the kinds their descriptors give them", () => {
    const cluster = clusterOf(text);
    assert.equal(fields.text(cluster, "name"), "c");
    assert.equal(fields.text(cluster, "type"), "STATIC");
    assert.equal(fields.millis(cluster, "connect_timeout"), 250);
    assert.equal(fields.flag(cluster, "respect_dns_ttl"), true);
    assert.equal(fields.count(cluster, "per_connection_buffer_limit_bytes"), 32768);
    const [name, metadata] = fields.entries(must(fields.child(cluster, "metadata")), "filter_metadata")[0] ?? [];
    assert.equal(name, "a");
    assert.deepEqual(JSON.parse(JSON.stringify(metadata)), { kind: "json", value: { x: 1 } });
    const threshold = must(fields.child(must(fields.child(cluster, "common_lb_config")), "healthy_panic_threshold"));
    assert.equal(fields.decimal(threshold, "value"), 12.5);
    const [check] = fields.children(cluster, "health_checks");
    const send = must(fields.child(must(fields.child(must(check), "tcp_health_check")), "send"));
    assert.equal(fields.oneOf(send, ["text", "binary"]), "binary");
    assert.deepEqual(fields.bytes(send, "binary"), Buffer.from("ABC"));
    const [, packed] = fields.childEntries(cluster, "typed_extension_protocol_options")[0] ?? [];
    assert.equal(must(packed).type, "envoy.config.core.v3.Address");
  });

  it("are undefined or empty when absent", () => {
    const cluster = clusterOf(text);
    assert.equal(fields.text(cluster, "alt_stat_name"), undefined);
    assert.equal(fields.child(cluster, "circuit_breakers"), undefined);
    assert.deepEqual(fields.children(cluster, "filters"), []);
    assert.deepEqual(fields.entries(must(fields.child(cluster, "metadata")), "typed_filter_metadata"), []);
    assert.equal(fields.has(cluster, "circuit_breakers"), false);
  });

  it("throw when the reader disagrees with the descriptor", () => {
    assert.throws(() => fields.count(clusterOf(text), "name"), /Cluster.name is not an integer/);
    assert.throws(() => fields.child(clusterOf(text), "connect_timeout"), /is not a message/);
  });

  it("that nobody read are warned about by name, the topmost only", () => {
    const { message } = loadConfigText(text, { file: "f.yaml" });
    const cluster = must(fields.children(must(fields.child(must(message), "static_resources")), "clusters")[0]);
    for (const name of ["name", "connect_timeout", "type", "respect_dns_ttl"]) fields.has(cluster, name);
    fields.acknowledge(cluster, "metadata", "per_connection_buffer_limit_bytes");
    fields.acknowledgeAll(must(fields.child(cluster, "common_lb_config")));
    fields.child(must(fields.child(cluster, "load_assignment")), "policy");
    const unread = fields.unreadFields(must(message));
    assert.deepEqual(
      unread.map(({ line, column, path }) => `${line}:${column} ${path.replace("static_resources.clusters[0].", "")}`),
      [
        "11:5 health_checks",
        "14:24 load_assignment.cluster_name",
        "14:51 load_assignment.policy.drop_overloads",
        "15:5 upstream_bind_config",
        "16:5 typed_extension_protocol_options",
      ],
    );
    assert.equal(
      unread[1]?.message,
      "cluster_name of envoy.config.endpoint.v3.ClusterLoadAssignment is accepted and not acted on",
    );
  });

  it("that were asked for are recorded by type, present or not", () => {
    const cluster = clusterOf(text);
    const stop = fields.recordAskedFields();
    assert.throws(() => fields.recordAskedFields(), /already/);
    fields.text(cluster, "name");
    fields.child(cluster, "circuit_breakers");
    const record = stop();
    fields.text(cluster, "alt_stat_name");
    assert.deepEqual([...must(record.get("envoy.config.cluster.v3.Cluster"))], ["name", "circuit_breakers"]);
  });

  it("carry their own position into a diagnostic, and their message's when absent", () => {
    const cluster = clusterOf(text);
    const { line, column, path } = fields.fieldDiagnostic(cluster, "connect_timeout", "no");
    assert.deepEqual([line, column, path], [5, 5, "static_resources.clusters[0].connect_timeout"]);
    assert.equal(fields.fieldDiagnostic(cluster, "filters", "no").line, cluster.position.line);
    assert.equal(fields.messageDiagnostic(cluster, "no").path, "static_resources.clusters[0]");
  });
});

function clusterOf(yaml: string): CheckedMessage {
  const { message, errors } = loadConfigText(yaml, { file: "f.yaml" });
  assert.deepEqual(errors, []);
  return must(fields.children(must(fields.child(must(message), "static_resources")), "clusters")[0]);
}

function must<T>(value: T | null | undefined): T {
  assert.ok(value !== null && value !== undefined);
  return value;
}
