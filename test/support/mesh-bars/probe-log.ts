// Every probe that the endpoints of a test saw, with the node it came from and when.

/** One probe. */
export interface SeenProbe {
  readonly atMs: number;
  readonly node: string;
  /** Port of the endpoint. */
  readonly endpoint: number;
}

/** All of them, in the order they came. */
export class ProbeLog {
  readonly probes: SeenProbe[] = [];

  /** Those of one endpoint in a time. */
  of(endpoint: number, fromMs: number, toMs: number = Number.POSITIVE_INFINITY): SeenProbe[] {
    return this.probes.filter((one) => one.endpoint === endpoint && one.atMs >= fromMs && one.atMs < toMs);
  }

  /** Who probed an endpoint in a time. */
  probersOf(endpoint: number, fromMs: number, toMs: number = Number.POSITIVE_INFINITY): string[] {
    return [...new Set(this.of(endpoint, fromMs, toMs).map(({ node }) => node))].sort();
  }

  /**
   * How many probes an endpoint has seen per `tMs` since then: of each prober from its first to its last, so that a time that ends between
   * two counts nothing too much. Rounded to a tenth.
   */
  perT(endpoint: number, fromMs: number, tMs: number): number {
    const all = this.of(endpoint, fromMs);
    const rates = this.probersOf(endpoint, fromMs).map((node) => {
      const times = all.filter((one) => one.node === node).map(({ atMs }) => atMs);
      return times.length < 2 ? 0 : ((times.length - 1) * tMs) / ((times.at(-1) ?? 0) - (times[0] ?? 0));
    });
    return Math.round(rates.reduce((sum, rate) => sum + rate, 0) * 10) / 10;
  }

  /** The most probes that an endpoint saw in any time of this length. */
  mostIn(endpoint: number, spanMs: number): number {
    const times = this.of(endpoint, 0).map(({ atMs }) => atMs);
    const counts = times.map((atMs, i) => times.slice(i).filter((one) => one < atMs + spanMs).length);
    return Math.max(0, ...counts);
  }

  /** The longest time within these two that an endpoint waited for a probe from anybody. */
  longestWaitMs(endpoint: number, fromMs: number, toMs: number): number {
    const times = [fromMs, ...this.of(endpoint, fromMs, toMs).map(({ atMs }) => atMs), toMs];
    return Math.max(...times.slice(1).map((atMs, i) => atMs - (times[i] ?? 0)));
  }

  /**
   * When the last change of an endpoint's probers ended that began after `fromMs`, as those who probed since `finalMs` are the last: their
   * first probe, and the last one of everybody else.
   */
  settledMs(endpoint: number, fromMs: number, finalMs: number): number {
    const last = this.probersOf(endpoint, finalMs);
    const since = this.of(endpoint, fromMs);
    const begun = last.map((node) => since.find((one) => one.node === node)?.atMs ?? Number.NaN);
    const ended = since.filter(({ node }) => !last.includes(node)).map(({ atMs }) => atMs);
    return Math.max(fromMs, ...begun, ...ended);
  }
}
