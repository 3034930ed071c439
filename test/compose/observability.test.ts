// Dashboards, alerts and what loads them, without any program: every metric and label that they name is one that a node shows.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { parse } from "yaml";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import {
  alerts,
  dashboardQueries,
  dashboards,
  OBSERVABILITY,
  type Query,
  variableQueries,
} from "../support/dashboards.ts";
import { shownMetrics } from "../support/shown-metrics.ts";
import { PROJECT } from "../support/source-files.ts";

/** Labels that Prometheus gives, and metrics. */
const GIVEN_LABELS: readonly string[] = ["instance", "job", "le"];
const GIVEN_METRICS: readonly string[] = ["up", "scrape_duration_seconds"];

describe("the observability profile's files", () => {
  const metrics = shownMetrics();
  const queries: readonly Query[] = [...dashboardQueries("30s"), ...variableQueries(), ...alerts()];

  it("ask only for metrics that there are", () => {
    assert.ok(queries.length > 100 && metrics.size > 300);
    const unknown = queries.flatMap(({ title, expr }) =>
      metricsOf(expr)
        .filter((metric) => !metrics.has(metric) && !GIVEN_METRICS.includes(metric))
        .map((metric) => `${title}: ${metric}`),
    );
    assert.deepEqual(unknown, []);
  });

  it("ask only for labels that these metrics have", () => {
    const unknown = queries.flatMap(({ title, expr }) => {
      const known = new Set([
        ...GIVEN_LABELS,
        ...metricsOf(expr).flatMap((metric) => [...(metrics.get(metric) ?? [])]),
      ]);
      return labelsOf(expr)
        .filter((label) => !known.has(label))
        .map((label) => `${title}: ${label}`);
    });
    assert.deepEqual(unknown, []);
  });

  it("have something to show in the mesh of compose/: routes of front proxies, single endpoints of side-cars", () => {
    const planOf = (file: string): Plan => {
      const { plan, errors } = loadPlan({ file, text: readFileSync(join(PROJECT, "compose/mesh", file), "utf8") });
      assert.ok(plan !== null, JSON.stringify(errors));
      return plan;
    };
    const chains = planOf("front-envoy.yaml").listeners.flatMap(({ filterChains }) => filterChains);
    const hosts = chains.flatMap(({ filter }) => (filter.kind === "http" ? filter.routes.virtualHosts : []));
    const prefixes = hosts.flatMap(({ routes }) => routes.map(({ statPrefix }) => statPrefix));
    assert.deepEqual(prefixes, ["service1", "service2"]);
    const tracked = planOf("service-envoy.yaml").clusters.filter(({ endpointStats }) => endpointStats);
    assert.deepEqual(
      tracked.map(({ name }) => name),
      ["local_service"],
    );
  });

  it("would find a metric or a label that there is not", () => {
    assert.equal(metrics.has("envoy_cluster_upstream_rq_totals"), false);
    assert.deepEqual(labelsOf('sum by (a, b) (rate(envoy_x_total{c=~".*",d!="e"}[5m]))'), ["a", "b", "c", "d"]);
    assert.deepEqual(metricsOf('sum by (envoy_y) (envoy_x_total{envoy_z="envoy_a"}) > max(up)'), [
      "envoy_x_total",
      "up",
    ]);
  });

  it("say of every alert what it is, what to do, and how bad it is", () => {
    for (const { title, annotations, labels } of alerts()) {
      assert.ok((annotations["summary"] ?? "").length > 10, title);
      assert.match(annotations["description"] ?? "", /\. To do: /, title);
      assert.match(labels["severity"] ?? "", /^(critical|warning|info)$/, title);
    }
  });

  it("have panels with numbers and names of their own", () => {
    for (const { uid, panels } of dashboards()) {
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, uid);
      assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length, uid);
    }
  });

  it("are all loaded by Prometheus and Grafana in the mesh's compose file", () => {
    const prometheus = parse(readFileSync(join(OBSERVABILITY, "prometheus.yaml"), "utf8")) as { rule_files: string[] };
    assert.ok(prometheus.rule_files.every((file) => existsSync(join(OBSERVABILITY, file))));
    const { services } = parse(readFileSync(join(OBSERVABILITY, "../mesh.yaml"), "utf8"), { merge: true }) as Compose;
    const mounts = Object.values(services).flatMap(({ volumes = [] }) => volumes);
    const own = mounts.filter((mount) => mount.startsWith("./observability/"));
    assert.deepEqual(own.map((mount) => mount.split(":")[0]?.slice("./observability/".length)).sort(), [
      "alerts.yaml",
      "grafana/dashboards",
      "grafana/provisioning",
      "otel-collector.yaml",
      "prometheus.yaml",
    ]);
  });
});

interface Compose {
  readonly services: Readonly<Record<string, { readonly volumes?: readonly string[] }>>;
}

function metricsOf(expr: string): string[] {
  const bare = expr.replaceAll(/\{[^}]*\}/g, "").replaceAll(/(by|on|without) \([^)]*\)/g, "");
  return [...bare.matchAll(/\b(?:envoy|lrs|scrape)_\w+\b|\bup\b/g)].map(([metric]) => metric);
}

function labelsOf(expr: string): string[] {
  const lists = [...expr.matchAll(/(?:by|on|without) \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(/, */));
  const matchers = [...expr.matchAll(/\{([^}]*)\}/g)].flatMap(([, list = ""]) => [
    ...list.matchAll(/(\w+)(?:=~|!=|!~|=)"/g),
  ]);
  return [...lists, ...matchers.map(([, label = ""]) => label)];
}
