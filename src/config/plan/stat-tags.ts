// Takes the tags out of a statistic's full name: Envoy 1.40's default rules for what Starling counts, those of the file, and Starling's
// own. As in Envoy every rule looks at the whole name, what it takes is cut out of it, and the first rule of a tag wins.
import { compileRegex } from "./regex.ts";
import type { StatsPlan, StatTagPlan } from "./stats.ts";

/** A name without its tags, and the tags: `cluster.upstream_rq_total`, `[["envoy.cluster_name", "a"]]`. */
export interface TaggedName {
  readonly name: string;
  readonly tags: readonly (readonly [tag: string, value: string])[];
}

/** Takes names apart. */
export type StatTagger = (name: string) => TaggedName;

/** Makes it for what a file says of tags. */
export function statTagger({ defaultTags, tags }: Pick<StatsPlan, "defaultTags" | "tags">): StatTagger {
  const defaults = DEFAULT_RULES.filter(({ tag }) => defaultTags === null || defaultTags.includes(tag));
  const own = tags.map((plan) => (plan.kind === "fixed" ? fixedRule(plan) : regexRule(plan)));
  const rules = inOrder([...defaults, ...OWN_RULES, ...own]);
  const byFirst = new Map<string, readonly TagRule[]>();
  return (name) => {
    const first = name.slice(0, Math.max(0, name.indexOf(".")));
    let some = byFirst.get(first);
    if (some === undefined) {
      some = first === UNTAGGED ? [] : rules.filter((rule) => rule.first === "" || rule.first === first);
      if (byFirst.size < FIRSTS_KEPT) byFirst.set(first, some);
    }
    return taken(name, some);
  };
}

/** What a rule finds: the value, and the part of the name that goes with it. */
interface Found {
  readonly value: string;
  readonly from: number;
  readonly to: number;
}

interface TagRule {
  readonly tag: string;
  /** The first part of names that it looks at; empty: all. */
  readonly first: string;
  find(name: string): Found | null;
}

function taken(name: string, rules: readonly TagRule[]): TaggedName {
  const tags: (readonly [string, string])[] = [];
  const cuts: Found[] = [];
  for (const rule of rules) {
    const found = rule.find(name);
    if (found === null || tags.some(([tag]) => tag === rule.tag)) continue;
    tags.push([rule.tag, found.value]);
    if (found.from < found.to) cuts.push(found);
  }
  return { name: without(name, cuts), tags };
}

function without(name: string, cuts: Found[]): string {
  if (cuts.length === 0) return name;
  cuts.sort((a, b) => a.from - b.from);
  let rest = "";
  let at = 0;
  for (const { from, to } of cuts) {
    if (from > at) rest += name.slice(at, from);
    at = Math.max(at, to);
  }
  return rest + name.slice(at);
}

/** As Envoy goes through them: first those that look at all names, which also puts their labels first. */
function inOrder(rules: readonly TagRule[]): readonly TagRule[] {
  return [...rules.filter(({ first }) => first === ""), ...rules.filter(({ first }) => first !== "")];
}

/** A rule in JavaScript's regular expressions, for names that hold `has`: group 1 goes, group 2 is the value. */
function pattern(tag: string, first: string, has: string, regex: RegExp): TagRule {
  const withPlaces = new RegExp(regex.source, "d");
  return {
    tag,
    first,
    find(name) {
      if (!name.includes(has)) return null;
      const match = withPlaces.exec(name);
      const place = match?.indices?.[1];
      return match === null || place === undefined ? null : { value: match[2] ?? "", from: place[0], to: place[1] };
    },
  };
}

/** A rule by parts: of `cluster.*.grpc.$.**` the part at `$` goes with its dot. At least one part must follow. */
function parts(tag: string, form: string): TagRule {
  const wanted = form.split(".").slice(0, -1);
  const at = wanted.indexOf("$");
  return {
    tag,
    first: wanted[0] === "$" ? "" : (wanted[0] as string),
    find(name) {
      let from = 0;
      let found: Found | null = null;
      for (const [index, part] of wanted.entries()) {
        const dot = name.indexOf(".", from);
        if (dot < 0) return null;
        if (index === at) found = { value: name.slice(from, dot), from, to: dot + 1 };
        else if (part !== "*" && (dot - from !== part.length || !name.startsWith(part, from))) return null;
        from = dot + 1;
      }
      return found;
    },
  };
}

/** A rule of the file: RE2's syntax, its first group goes, its second (else the first) is the value. */
function regexRule({ tag, regex }: StatTagPlan & { readonly kind: "regex" }): TagRule {
  const matcher = compileRegex(regex);
  return {
    tag,
    first: /^\^([A-Za-z0-9_-]+)(?:\\\.|\(\?=)/.exec(regex)?.[1] ?? "",
    find(name) {
      const [, cut, inner] = matcher.groupsIn(name) ?? [];
      if (cut === undefined) return null;
      const [from, to] = cut;
      return { value: name.slice(...(inner ?? cut)), from, to };
    },
  };
}

function fixedRule({ tag, value }: StatTagPlan & { readonly kind: "fixed" }): TagRule {
  return { tag, first: "", find: () => ({ value, from: 0, to: 0 }) };
}

/** First parts of names whose rules are kept; there are a few dozen. */
const FIRSTS_KEPT = 1_000;
const ADDRESS = "\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}_\\d+|\\[[a-fA-F_\\d]+\\]_\\d+";
const PART = "[^.]+";
const OWNER = "(?:listener|cluster)\\..*?";

/** Envoy's, in its order: those in regular expressions come before those by parts. */
const DEFAULT_RULES: readonly TagRule[] = [
  pattern("envoy.response_code", "", "_rq_", /_rq(_(\d{3}))$/),
  pattern("envoy.response_code_class", "", "_rq_", /_rq_((\d))xx$/),
  pattern("envoy.ssl_cipher", "listener", ".ssl.ciphers.", /^listener\..*?\.ssl\.ciphers(\.([\w-]+))$/),
  pattern("envoy.ssl_curve", "", ".ssl.curves.", new RegExp(`^${OWNER}\\.ssl\\.curves(\\.([\\w-]+))$`)),
  pattern("envoy.ssl_sigalg", "", ".ssl.sigalgs.", new RegExp(`^${OWNER}\\.ssl\\.sigalgs(\\.([\\w-]+))$`)),
  pattern("envoy.ssl_version", "", ".ssl.versions.", new RegExp(`^${OWNER}\\.ssl\\.versions(\\.(TLSv\\d\\.\\d))$`)),
  pattern(
    "envoy.tls_certificate",
    "",
    ".ssl.certificate.",
    new RegExp(`^${OWNER}\\.ssl\\.certificate\\.((${PART})\\.).*$`),
  ),
  pattern("cipher_suite", "cluster", ".ssl.ciphers.", /^cluster\.[^.]+\.ssl\.ciphers(\.([\w-]+))$/),
  pattern("envoy.health_check_name", "cluster", ".name.", /^cluster\.[^.]+\.health_check(\.name\.([^.]+))\..+/),
  pattern("envoy.http_conn_manager_prefix", "listener", ".http.", /^listener\..*?\.http\.(([^.]+)\.)/),
  pattern(
    "envoy.worker_id",
    "",
    "worker_",
    new RegExp(
      `^(?:listener\\.(?:${ADDRESS}|${PART})|server|listener_manager|thread_local_cluster_manager)\\.worker_((\\d+)\\.)`,
    ),
  ),
  pattern("envoy.listener_address", "listener", "", new RegExp(`^listener\\.((?!admin\\.)(${ADDRESS}|${PART})\\.)`)),
  parts("envoy.grpc_bridge_method", "cluster.*.grpc.*.$.**"),
  parts("envoy.http_user_agent", "http.*.user_agent.$.**"),
  parts("envoy.virtual_cluster", "vhost.*.vcluster.$.**"),
  parts("envoy.fault_downstream_cluster", "http.*.fault.$.**"),
  parts("envoy.grpc_bridge_service", "cluster.*.grpc.$.**"),
  parts("envoy.tcp_prefix", "tcp.$.**"),
  parts("envoy.ratelimit_prefix", "ratelimit.$.**"),
  parts("envoy.cluster_name", "cluster.$.**"),
  parts("envoy.http_conn_manager_prefix", "http.$.**"),
  parts("envoy.virtual_host", "vhost.$.**"),
  parts("envoy.route", "vhost.*.route.$.**"),
  parts("envoy.local_http_ratelimit_prefix", "$.http_local_rate_limit.**"),
  parts("envoy.local_network_ratelimit_prefix", "local_rate_limit.$.**"),
  parts("envoy.local_listener_ratelimit_prefix", "listener_local_ratelimit.$.**"),
  parts("envoy.connection_limit_prefix", "connection_limit.$.**"),
];

/** Tags of names that nothing here counts under. */
const WITHOUT_NAMES: readonly string[] = [
  ..."dynamo_operation dynamo_table dynamo_partition_id mongo_prefix mongo_cmd mongo_collection mongo_callsite".split(
    " ",
  ),
  ..."clientssl_prefix dns_filter_prefix ext_authz_prefix google_grpc_client_prefix proxy_protocol_prefix".split(" "),
  ..."proxy_protocol_version rbac_http_prefix rbac_policy_name rbac_prefix rds_route_config scoped_rds_config".split(
    " ",
  ),
  ..."redis_prefix thrift_prefix udp_prefix xds_resource_name".split(" "),
].map((name) => `envoy.${name}`);

/** Starling's own. */
const OWN_RULES: readonly TagRule[] = [parts("starling.thread", "starling.thread.$.**")];

/** The default tags that a file may name; those of extensions that Starling does not have take nothing. */
export const DEFAULT_TAGS: ReadonlySet<string> = new Set([...DEFAULT_RULES.map(({ tag }) => tag), ...WITHOUT_NAMES]);
/** As in Envoy, which makes these before it has read the file: fixed tags are not theirs either. */
const UNTAGGED = "filesystem";
