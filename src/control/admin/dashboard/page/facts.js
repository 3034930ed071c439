// What follows from pictures of a node that come one after the other: rates, error shares, histories, turns. Pure: the caller keeps the state.

/** Seconds of history. */
export const HISTORY = 60;

/** Nothing seen yet. */
export function noHistory() {
  return { series: new Map(), turns: [] };
}

/** The history with one more picture. `seconds`: since the one before; null: there was none that counts. */
export function advanced(history, picture, seconds) {
  const series = new Map();
  const turns = [];
  for (const [key, now] of measured(picture)) {
    const before = history.series.get(key);
    const next = extended(before, now, seconds);
    series.set(key, next);
    if (before !== undefined && now.health !== undefined && before.health !== now.health) {
      turns.push({ atMs: picture.atMs, key, what: now.name, from: before.health, to: now.health });
    }
  }
  return { series, turns: [...history.turns, ...turns].slice(-TURNS_MAX) };
}

/** What is known of a key: rate and errors null before there are two pictures. */
export function seriesOf(history, key) {
  return history.series.get(key) ?? EMPTY;
}

/** Everything that is counted, by key. */
function* measured(picture) {
  for (const [prefix, facts] of Object.entries(picture.http)) yield [`http ${prefix}`, facts];
  yield ["node", summed(Object.values(picture.http))];
  for (const [slot, { cpu }] of Object.entries(picture.workers ?? {})) {
    yield [`worker ${slot}`, { total: 0, failed: 0, level: cpu }];
  }
  for (const [name, cluster] of Object.entries(picture.clusters)) {
    yield [`cluster ${name}`, { total: cluster.total, failed: cluster.failed, level: cluster.p99 }];
    for (const [address, endpoint] of Object.entries(cluster.endpoints)) {
      yield [`endpoint ${name} ${address}`, { ...endpoint, name: `${address} of ${name}` }];
    }
  }
}

function summed(all) {
  const sum = (name) => all.reduce((total, facts) => total + facts[name], 0);
  return { total: sum("total"), failed: sum("failed") };
}

function extended(before, { total, failed, health, level }, seconds) {
  const known = before !== undefined && seconds !== null && seconds > 0;
  const requests = known ? Math.max(0, total - before.total) : 0;
  const failures = known ? Math.max(0, failed - before.failed) : 0;
  const rate = known ? requests / seconds : null;
  const recent = known ? [...before.recent, { requests, failures }].slice(-SHARE_OVER) : (before?.recent ?? []);
  const errors = shareOf(recent);
  const rates = known ? [...before.rates, rate].slice(-HISTORY) : (before?.rates ?? []);
  const shares = known
    ? [...before.shares, requests === 0 ? 0 : Math.min(1, failures / requests)].slice(-HISTORY)
    : (before?.shares ?? []);
  const healths = health === undefined ? [] : [...(before?.healths ?? []), health].slice(-HISTORY);
  const levels = level === undefined ? (before?.levels ?? []) : [...(before?.levels ?? []), level].slice(-HISTORY);
  return { total, failed, health, rate, errors, recent, rates, shares, healths, levels };
}

function shareOf(recent) {
  const requests = recent.reduce((sum, one) => sum + one.requests, 0);
  const failures = recent.reduce((sum, one) => sum + one.failures, 0);
  return requests === 0 ? null : Math.min(1, failures / requests);
}

const EMPTY = {
  total: 0,
  failed: 0,
  rate: null,
  errors: null,
  recent: [],
  rates: [],
  shares: [],
  healths: [],
  levels: [],
};
/** Pictures over which the share of errors is told: of one second it would flicker. */
const SHARE_OVER = 10;
const TURNS_MAX = 200;
