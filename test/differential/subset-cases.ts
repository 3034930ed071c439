// Clusters with subsets and what routes ask of them: every case runs through the real Envoy and through Starling.
import type { EndpointGroup, HashCase } from "../support/hash-room.ts";

type Fields = Readonly<Record<string, unknown>>;

const labelled = (labels: Fields, more: Fields = {}): Fields => ({ metadata: lb(labels), ...more });

/** Five endpoints, the last without labels. */
const FIVE: EndpointGroup = {
  endpoints: {
    2: labelled({ stage: "prod", version: "1.0" }),
    3: labelled({ stage: "dev", version: "1.0" }),
    4: labelled({ stage: "prod", version: "1.1" }),
    5: labelled({ version: "1.1", large: true }),
    6: {},
  },
};
const SELECTORS: readonly Fields[] = [
  { keys: ["version", "stage"] },
  { keys: ["version"] },
  { keys: ["large", "version"] },
];
const UNWELL = { health_status: "UNHEALTHY" };
const NEVER_PANICS = { common_lb_config: { healthy_panic_threshold: { value: 0 } } };
const NEWEST = { version: "9.9" };

/** Who may be picked, with the subsets of a cluster and the labels of a route; null: it has none. */
function of(name: string, subsets: Fields, match: Fields | null, more: Partial<HashCase> = {}): HashCase {
  return {
    name,
    groups: [FIVE],
    action: match === null ? {} : { metadata_match: lb(match) },
    ...more,
    cluster: { lb_subset_config: { subset_selectors: SELECTORS, ...subsets }, ...more.cluster },
  };
}

/** What a selector says of requests that have its labels and no endpoint. */
function selector(fallback: Fields, cluster: Fields, match: Fields = { stage: "prod", version: "9.9" }): Fields {
  return { ...cluster, subset_selectors: [{ keys: ["stage", "version"], ...fallback }, { keys: ["stage"] }], match };
}

const BY_SELECTOR: readonly HashCase[] = [
  selector({ fallback_policy: "NO_FALLBACK" }, { fallback_policy: "ANY_ENDPOINT" }),
  selector({ fallback_policy: "ANY_ENDPOINT" }, {}),
  selector({ fallback_policy: "DEFAULT_SUBSET" }, { default_subset: { version: "1.1" } }),
  selector({ fallback_policy: "NOT_DEFINED" }, { fallback_policy: "ANY_ENDPOINT" }),
  selector({ fallback_policy: "KEYS_SUBSET", fallback_keys_subset: ["stage"] }, {}),
  selector({ fallback_policy: "KEYS_SUBSET", fallback_keys_subset: ["version"] }, { fallback_policy: "ANY_ENDPOINT" }),
].map(({ match, ...subsets }, i) => of(`a selector's own fallback, ${i}`, subsets, match as Fields));

const LISTS: EndpointGroup = {
  endpoints: {
    2: labelled({ version: ["1.0", "1.1"] }),
    3: labelled({ version: "1.1" }),
    4: labelled({ version: [] }),
    5: labelled({ version: ["1.1", "1.1"] }),
  },
};
const VALUES: EndpointGroup = {
  endpoints: {
    2: labelled({ version: 1 }),
    3: labelled({ version: "1" }),
    4: labelled({ version: null }),
    5: labelled({ version: { b: [true], a: 1.5 } }),
    6: labelled({ version: true }),
  },
};
const SICK: EndpointGroup = {
  endpoints: {
    2: labelled({ version: "a" }),
    3: labelled({ version: "a" }, UNWELL),
    4: labelled({ version: "b" }, UNWELL),
    5: labelled({ version: "b" }, UNWELL),
    6: labelled({ version: "c" }),
  },
};
const PRIORITIES: readonly EndpointGroup[] = [
  { endpoints: { 2: labelled({ version: "a" }), 3: labelled({ version: "b" }, UNWELL) } },
  { endpoints: { 4: labelled({ version: "a" }), 5: labelled({ version: "b" }) }, more: { priority: 1 } },
];
const WEIGHTS: EndpointGroup = {
  endpoints: {
    2: labelled({ version: "a" }, { load_balancing_weight: 1 }),
    3: labelled({ version: "a" }, { load_balancing_weight: 3 }),
    4: labelled({ version: "b" }, { load_balancing_weight: 9 }),
  },
};
const LOCALITIES: readonly EndpointGroup[] = [
  {
    endpoints: { 2: labelled({ version: "a" }), 3: labelled({ version: "a" }) },
    more: { locality: { region: "r" }, load_balancing_weight: 1 },
  },
  {
    endpoints: { 4: labelled({ version: "a" }), 5: labelled({ version: "b" }) },
    more: { locality: { region: "s" }, load_balancing_weight: 5 },
  },
];

/** Cases whose balancer hashes: every key's endpoint is the same in both. */
export const HASHED_SUBSETS: readonly HashCase[] = ["RING_HASH", "MAGLEV"].flatMap((lb_policy) => [
  of(`${lb_policy} in a subset`, {}, { version: "1.1" }, { cluster: { lb_policy } }),
  of(`${lb_policy} of any`, { fallback_policy: "ANY_ENDPOINT" }, NEWEST, { cluster: { lb_policy } }),
  ...[false, true].map((aware) =>
    of(
      `${lb_policy} with weights of localities${aware ? "" : " that do not count"}`,
      { locality_weight_aware: aware },
      { version: "a" },
      { cluster: { lb_policy, common_lb_config: { locality_weighted_lb_config: {} } }, groups: LOCALITIES },
    ),
  ),
]);

/** The others: the same endpoints, each as often. */
export const SUBSET_CASES: readonly HashCase[] = [
  of("one label", {}, { version: "1.0" }),
  of("two labels", {}, { version: "1.1", stage: "prod" }),
  of("a label that is no text", {}, { version: "1.1", large: true }),
  of("labels that no selector has", { fallback_policy: "ANY_ENDPOINT" }, { stage: "prod" }),
  of("more labels than a selector has", {}, { version: "1.1", stage: "prod", large: true }),
  of("nobody has them, no fallback", {}, NEWEST),
  of("nobody has them, any", { fallback_policy: "ANY_ENDPOINT" }, NEWEST),
  of("nobody has them, the default", { fallback_policy: "DEFAULT_SUBSET", default_subset: { stage: "prod" } }, NEWEST),
  of("an empty default is everybody", { fallback_policy: "DEFAULT_SUBSET" }, NEWEST),
  of("nobody is in the default", { fallback_policy: "DEFAULT_SUBSET", default_subset: NEWEST }, NEWEST),
  of(
    "nobody is in the default, any is better than none",
    { fallback_policy: "DEFAULT_SUBSET", default_subset: NEWEST, panic_mode_any: true },
    NEWEST,
  ),
  of("any is better than none, without a fallback", { panic_mode_any: true }, NEWEST),
  of("no labels are asked for", {}, null),
  of("no labels are asked for, any", { fallback_policy: "ANY_ENDPOINT" }, null),
  of("labels of another filter", { fallback_policy: "ANY_ENDPOINT" }, null, {
    action: { metadata_match: { filter_metadata: { "some.other": { version: "1.0" } } } },
  }),
  of("no selectors", { subset_selectors: [] }, NEWEST),
  of("no subsets in the cluster", {}, NEWEST, { cluster: { lb_subset_config: undefined } }),
  ...BY_SELECTOR,
  of("lists are values", { fallback_policy: "NO_FALLBACK" }, { version: ["1.0", "1.1"] }, { groups: [LISTS] }),
  of("a list of lists", {}, { version: "1.1" }, { groups: [LISTS] }),
  of("lists are any of theirs", { list_as_any: true }, { version: "1.1" }, { groups: [LISTS] }),
  of(
    "the default of a list",
    { list_as_any: true, fallback_policy: "DEFAULT_SUBSET", default_subset: { version: "1.0" } },
    NEWEST,
    { groups: [LISTS] },
  ),
  ...[1, "1", null, { a: 1.5, b: [true] }, { a: 1.5, b: [false] }, true].map((version) =>
    of(`the value ${JSON.stringify(version)}`, {}, { version }, { groups: [VALUES] }),
  ),
  of("half of a subset is well", {}, { version: "a" }, { groups: [SICK] }),
  of("a subset in a panic", {}, { version: "b" }, { groups: [SICK] }),
  of(
    "a subset without a panic",
    { fallback_policy: "ANY_ENDPOINT" },
    { version: "b" },
    {
      groups: [SICK],
      cluster: NEVER_PANICS,
    },
  ),
  of(
    "a default without a panic",
    { fallback_policy: "DEFAULT_SUBSET", default_subset: { version: "b" }, panic_mode_any: true },
    NEWEST,
    {
      groups: [SICK],
      cluster: NEVER_PANICS,
    },
  ),
  of("a subset in two priorities", {}, { version: "a" }, { groups: PRIORITIES }),
  of("a subset that is well in the second priority only", {}, { version: "b" }, { groups: PRIORITIES }),
  of("weights in a subset", {}, { version: "a" }, { groups: [WEIGHTS] }),
  of(
    "one host of each value",
    { subset_selectors: [{ keys: ["version"], single_host_per_subset: true }] },
    {
      version: "1.1",
    },
  ),
  of(
    "weighted clusters with labels of their own",
    {},
    { stage: "prod", version: "1.0" },
    {
      action: {
        cluster: undefined,
        metadata_match: lb({ stage: "prod", version: "1.0" }),
        weighted_clusters: { clusters: [{ name: "SELF", weight: 1, metadata_match: lb({ version: "1.1" }) }] },
      },
    },
  ),
  of(
    "a typed policy",
    {},
    { version: "1.0" },
    {
      cluster: {
        lb_subset_config: undefined,
        load_balancing_policy: {
          policies: [
            typed("subset", "subset.v3.Subset", {
              subset_selectors: SELECTORS,
              subset_lb_policy: { policies: [typed("round", "round_robin.v3.RoundRobin", {})] },
            }),
          ],
        },
      },
    },
  ),
];

function lb(labels: Fields): Fields {
  return { filter_metadata: { "envoy.lb": labels } };
}

function typed(name: string, type: string, fields: Fields): Fields {
  const config = { "@type": `type.googleapis.com/envoy.extensions.load_balancing_policies.${type}`, ...fields };
  return { typed_extension_config: { name, typed_config: config } };
}
