// Clusters that balance by a hash, and what of a request is hashed: every case runs through the real Envoy and through Starling.
import type { EndpointGroup, HashCase, HashRequest } from "../support/hash-room.ts";
import { both, HASHED, type HashingCase, header } from "./hash-policy-cases.ts";

/** Requests with so many keys. */
export function keyed(count: number): HashRequest[] {
  return Array.from({ length: count }, (_, i) => ({ fields: { "x-key": `user-${i}` } }));
}

type Fields = Readonly<Record<string, unknown>>;

function group(
  last: readonly number[],
  each: (last: number, at: number) => Fields = () => ({}),
  more: Fields = {},
): EndpointGroup {
  return { more, endpoints: Object.fromEntries(last.map((one, i) => [one, each(one, i)])) };
}

function typed(type: string, fields: Fields): Fields {
  const config = { "@type": `type.googleapis.com/envoy.extensions.load_balancing_policies.${type}`, ...fields };
  return { load_balancing_policy: { policies: [{ typed_extension_config: { name: "hash", typed_config: config } }] } };
}

function hashKey(key: string): Fields {
  return { metadata: { filter_metadata: { "envoy.lb": { hash_key: key } } } };
}

const FIVE = [2, 3, 4, 5, 6];
const MANY = Array.from({ length: 40 }, (_, i) => i + 10);
const RING = { lb_policy: "RING_HASH" };
const MAGLEV = { lb_policy: "MAGLEV" };
const WEIGHTS = [1, 2, 3, 1, 7];
const weighted = group(FIVE, (_, i) => ({ load_balancing_weight: WEIGHTS[i] }));
const failing = (...gone: readonly number[]): EndpointGroup =>
  group(FIVE, (last) => (gone.includes(last) ? { health_status: "UNHEALTHY" } : {}));
const degraded = group(FIVE, (last) => (last < 4 ? { health_status: "DEGRADED" } : {}));
const localities = [
  group([4, 5, 6], () => ({}), { locality: { region: "b" }, load_balancing_weight: 1 }),
  group([2, 3], () => ({}), { locality: { region: "a", zone: "z" }, load_balancing_weight: 5 }),
  group([7], () => ({}), { locality: { region: "c" } }),
];
const priorities = [
  group([2, 3, 4, 5], (last) => (last > 3 ? { health_status: "UNHEALTHY" } : {})),
  group([6, 7], () => ({}), { priority: 1 }),
];
const named = group(FIVE, (last) => ({
  hostname: `host-${last}.example`,
  ...(last === 3 ? hashKey("schlüssel") : {}),
}));
const byHostname = {
  type: "STRICT_DNS",
  common_lb_config: { consistent_hashing_lb_config: { use_hostname_for_hashing: true } },
};
const byLocality = { common_lb_config: { locality_weighted_lb_config: {} } };
const neverPanics = { common_lb_config: { healthy_panic_threshold: { value: 0 } } };

/** What differs between sets of endpoints, for both balancers. */
function balanced(name: string, policy: Fields): HashingCase[] {
  const of = (what: string, groups: readonly EndpointGroup[], more: Fields = {}): HashingCase => ({
    name: `${name}: ${what}`,
    cluster: { ...policy, ...more },
    groups,
  });
  return [
    of("five endpoints", [group(FIVE)]),
    of("the same without one", [failing(4)]),
    of("the same without three, in a panic", [failing(2, 4, 5)]),
    of("the same without three and without panic", [failing(2, 4, 5)], neverPanics),
    of("none is well and none may panic", [failing(...FIVE)], neverPanics),
    of("two are degraded", [degraded]),
    of("only degraded ones", [group(FIVE, () => ({ health_status: "DEGRADED" }))]),
    of("weights", [weighted]),
    of("forty endpoints", [group(MANY)]),
    of("forty with weights", [group(MANY, (_, i) => ({ load_balancing_weight: 1 + (i % 7) }))]),
    of("two priorities, the first half well", priorities),
    of("hash keys", [named]),
    of("hostnames", [named], byHostname),
    of("localities without weights", localities),
    of("localities by weight", localities, byLocality),
    of(
      "one locality by weight has nobody",
      [
        group([2, 3], () => ({}), { locality: { region: "a" }, load_balancing_weight: 1 }),
        group([4, 5], () => ({ health_status: "UNHEALTHY" }), { locality: { region: "b" }, load_balancing_weight: 3 }),
      ],
      byLocality,
    ),
    of("one endpoint", [group([9])]),
  ];
}

const HTTP_OPTIONS = {
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      explicit_http_config: { http_protocol_options: {} },
      hash_policy: [header("x-b")],
    },
  },
};
const keysAndMore = both((i) => ({ fields: { "x-key": `k${i}`, "x-b": `b${i}` } }));

const RETRIED = {
  retry_policy: {
    retry_on: "connect-failure",
    num_retries: 2,
    retry_host_predicate: [
      {
        name: "previous",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
        },
      },
    ],
    host_selection_retry_max_attempts: 4,
  },
};
const MANY_RETRIES = { circuit_breakers: { thresholds: [{ max_retries: 1_000 }] } };
const dead = group(FIVE, (last) => (last === 3 ? { isDead: true } : {}));

/** Clusters whose endpoints may have so many percent of the mean load. */
export const BOUNDED_CASES: readonly HashCase[] = [RING, MAGLEV].flatMap((policy) =>
  [100, 125, 300].flatMap((percent) =>
    [group(FIVE), weighted].map((endpoints, i) => ({
      name: `${policy.lb_policy} at ${percent} %${i === 0 ? "" : ", with weights"}`,
      cluster: { ...policy, common_lb_config: { consistent_hashing_lb_config: { hash_balance_factor: percent } } },
      groups: [endpoints],
    })),
  ),
);

/** All of them. */
export const HASHING_CASES: readonly HashingCase[] = [
  ...balanced("ring", RING),
  ...balanced("maglev", MAGLEV),
  { name: "ring of MurmurHash2", cluster: { ...RING, ring_hash_lb_config: { hash_function: "MURMUR_HASH_2" } } },
  {
    name: "ring with fewer points than wished",
    cluster: { ...RING, ring_hash_lb_config: { minimum_ring_size: 7, maximum_ring_size: 7 } },
  },
  {
    name: "ring with parts of points",
    groups: [weighted],
    cluster: { ...RING, ring_hash_lb_config: { minimum_ring_size: 10, maximum_ring_size: 11 } },
  },
  { name: "large ring", cluster: { ...RING, ring_hash_lb_config: { minimum_ring_size: 100_000 } } },
  { name: "small table", cluster: { ...MAGLEV, maglev_lb_config: { table_size: 11 } } },
  {
    name: "small table with weights",
    groups: [weighted],
    cluster: { ...MAGLEV, maglev_lb_config: { table_size: 101 } },
  },
  {
    name: "table with more endpoints than entries",
    groups: [group(MANY)],
    cluster: { ...MAGLEV, maglev_lb_config: { table_size: 7 } },
  },
  {
    name: "typed ring",
    groups: [named],
    cluster: typed("ring_hash.v3.RingHash", {
      minimum_ring_size: 64,
      consistent_hashing_lb_config: { use_hostname_for_hashing: true },
    }),
  },
  {
    name: "typed ring of its older fields",
    groups: [named],
    cluster: typed("ring_hash.v3.RingHash", { hash_function: "MURMUR_HASH_2", use_hostname_for_hashing: true }),
  },
  {
    name: "typed ring by locality",
    groups: localities,
    cluster: typed("ring_hash.v3.RingHash", { locality_weighted_lb_config: {} }),
  },
  {
    name: "typed maglev",
    groups: [named],
    cluster: typed("maglev.v3.Maglev", {
      table_size: 211,
      consistent_hashing_lb_config: { use_hostname_for_hashing: true },
    }),
  },
  {
    name: "a policy with its own hash policy",
    cluster: typed("maglev.v3.Maglev", { consistent_hashing_lb_config: { hash_policy: [header("x-b")] } }),
    requests: keysAndMore,
  },
  {
    name: "a cluster with a hash policy, and so has the route",
    cluster: { ...RING, ...HTTP_OPTIONS },
    requests: keysAndMore,
  },
  {
    name: "a cluster with a hash policy alone",
    cluster: { ...RING, ...HTTP_OPTIONS },
    hashPolicy: [],
    requests: keysAndMore,
  },
  {
    name: "ring with a dead endpoint and retries elsewhere",
    cluster: { ...RING, ...MANY_RETRIES },
    groups: [dead],
    action: RETRIED,
  },
  {
    name: "maglev with a dead endpoint and retries elsewhere",
    cluster: { ...MAGLEV, ...MANY_RETRIES },
    groups: [dead],
    action: RETRIED,
  },
  ...HASHED,
];
