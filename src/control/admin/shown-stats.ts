// Statistics as pages show them: without the names that stats_config leaves out, and with those of single endpoints where a cluster asks
// for them. Made by the admin server; /stats and /stats/prometheus read it.
import { addressText } from "../../config/plan/address.ts";
import type { EndpointFacts } from "../../config/plan/endpoint-set.ts";
import { type StatTagger, statTagger, type TaggedName } from "../../config/plan/stat-tags.ts";
import type { StatsPlan, StatsShownPlan } from "../../config/plan/stats.ts";
import { type TextTest, textTest } from "../../config/plan/text-test.ts";
import { DEGRADED_FLAGS, UNHEALTHY_FLAGS } from "../../telemetry/health-table.ts";
import { BUCKET_BOUNDS } from "../../telemetry/histogram-summary.ts";
import { HOST } from "../../telemetry/host-stats.ts";
import type { HistogramValue, StatsReader, StatValue } from "../../telemetry/stats-reader.ts";
import type { AdminView } from "./view.ts";

/** A counter or gauge, with its tags where its name does not tell them. */
export interface ShownStat extends StatValue {
  readonly tagged?: TaggedName;
}

/** A histogram with the bounds of its buckets. */
export interface ShownHistogram extends HistogramValue {
  readonly bounds: readonly number[];
}

/** The statistics of a node for its pages. */
export class ShownStats {
  private readonly view: Pick<AdminView, "plan" | "endpoints" | "healthFlags">;
  private readonly reader: StatsReader;
  private names: ShownNames;

  constructor(view: Pick<AdminView, "plan" | "endpoints" | "healthFlags">, reader: StatsReader) {
    this.view = view;
    this.reader = reader;
    this.names = new ShownNames(view.plan().stats);
  }

  /** Every counter and gauge, sorted by name, those of endpoints last: a hundred thousand objects, which the next call uses anew. */
  values(): ShownStat[] {
    const { names } = this.current();
    const all = this.reader.values();
    const values: ShownStat[] = names.areAllShown ? all : all.filter(({ name }) => names.isShown(name));
    // As in Envoy stats_matcher does not look at these.
    this.addEndpoints(values);
    return values;
  }

  /** Every histogram as of the last flush, sorted by name. */
  histograms(): ShownHistogram[] {
    const { names } = this.current();
    const shown = this.reader.histograms().filter(({ name }) => names.areAllShown || names.isShown(name));
    return shown.map((histogram) => ({ ...histogram, bounds: names.boundsOf(histogram.name) }));
  }

  /** A name without its tags. */
  tagged(name: string): TaggedName {
    return this.current().names.tagged(name);
  }

  /** Other than before when everything that is known of names may be otherwise: the configuration changed. */
  get rules(): unknown {
    return this.current().names;
  }

  private current(): this {
    const { stats } = this.view.plan();
    if (stats !== this.names.plan) this.names = new ShownNames(stats);
    return this;
  }

  private addEndpoints(values: ShownStat[]): void {
    const asked = this.view.plan().clusters.filter(({ endpointStats }) => endpointStats);
    if (asked.length === 0) return;
    const sets = new Map(this.view.endpoints().map((set) => [set.cluster, set.endpoints]));
    for (const { name, statName } of asked) {
      for (const endpoint of sets.get(name) ?? []) this.addEndpoint(values, name, statName, endpoint);
    }
  }

  private addEndpoint(values: ShownStat[], cluster: string, statName: string, endpoint: EndpointFacts): void {
    const { key, stats } = this.names.ofEndpoint(cluster, statName, endpoint);
    const counts = this.reader.block(HOST, key);
    for (let at = 0; at < stats.length; at++) {
      const stat = stats[at] as EndpointStat;
      stat.value = at === HOST.names.length ? this.healthOf(endpoint) : (counts?.[at] ?? 0);
      values.push(stat);
    }
  }

  private healthOf(endpoint: EndpointFacts): number {
    return (this.view.healthFlags(endpoint) & (UNHEALTHY_FLAGS | DEGRADED_FLAGS)) === 0 ? 1 : 0;
  }
}

/** A statistic of an endpoint, with its value when it was looked at last. */
interface EndpointStat extends ShownStat {
  value: number;
  readonly tagged: TaggedName;
}

/** All of an endpoint, those of the HOST block under `key` first. */
interface EndpointStats {
  readonly key: string;
  readonly stats: readonly EndpointStat[];
}

/** What a plan says of names; decided once a name. */
export class ShownNames {
  readonly plan: StatsPlan;
  readonly areAllShown: boolean;
  readonly tagged: StatTagger;
  private readonly ofEndpoints = new WeakMap<EndpointFacts, EndpointStats>();
  private readonly test: TextTest;
  private readonly decided = new Map<string, boolean>();
  private readonly buckets: readonly { readonly test: TextTest; readonly bounds: readonly number[] }[];

  constructor(plan: StatsPlan) {
    this.plan = plan;
    this.areAllShown = plan.shown.kind === "all";
    this.test = shownTest(plan.shown);
    this.tagged = statTagger({ defaultTags: plan.defaultTags, tags: plan.tags });
    this.buckets = plan.buckets.map(({ match, bounds }) => ({ test: textTest(match), bounds }));
  }

  /** Names and tags of an endpoint's statistics, made once. */
  ofEndpoint(cluster: string, statName: string, endpoint: EndpointFacts): EndpointStats {
    let held = this.ofEndpoints.get(endpoint);
    if (held === undefined) {
      const fixed = this.plan.tags.flatMap((tag) => (tag.kind === "fixed" ? [[tag.tag, tag.value] as const] : []));
      const address = addressText(endpoint.address);
      const stats = endpointNames(statName, address, endpoint.hostname, fixed);
      held = { key: `host.${cluster}.${address}.`, stats };
      this.ofEndpoints.set(endpoint, held);
    }
    return held;
  }

  isShown(name: string): boolean {
    let shown = this.decided.get(name);
    if (shown === undefined) {
      shown = this.test(name);
      if (this.decided.size >= NAMES_KEPT) this.decided.clear();
      this.decided.set(name, shown);
    }
    return shown;
  }

  boundsOf(name: string): readonly number[] {
    return this.buckets.find(({ test }) => test(name))?.bounds ?? BUCKET_BOUNDS;
  }
}

function shownTest(plan: StatsShownPlan): TextTest {
  switch (plan.kind) {
    case "all":
      return () => true;
    case "none":
      return () => false;
    case "only":
    case "except": {
      const tests = plan.names.map(textTest);
      return (name) => tests.some((test) => test(name)) === (plan.kind === "only");
    }
  }
}

/** Those of the HOST block in its order, then `healthy`. */
function endpointNames(cluster: string, address: string, hostname: string, fixed: TaggedName["tags"]): EndpointStat[] {
  const tags = [
    ...fixed,
    ["envoy.cluster_name", cluster],
    ["envoy.endpoint_address", address],
    ...(hostname === "" ? [] : [["envoy.endpoint_hostname", hostname] as const]),
  ] as const;
  const one = (name: string, gauge: boolean): EndpointStat => ({
    name: `cluster.${cluster}.endpoint.${address.replaceAll(":", "_")}.${name}`,
    gauge,
    value: 0,
    tagged: { name: `cluster.endpoint.${name}`, tags },
  });
  return [...HOST.names.map((name, at) => one(name, at >= HOST.gaugesFrom)), one("healthy", true)];
}

/** Decisions about names that are kept. */
const NAMES_KEPT = 1_000_000;
