// Makes the probes of one thread. Called by the health actor's thread; the rest of the directory is behind it.
import type { NetContext } from "../../../net/net-context.ts";
import type { Probe, ProbeOutcome, Prober, ProbeTarget } from "../probe.ts";
import { Deadlines } from "./deadlines.ts";
import { EndpointProbe, type ProbeHouse } from "./endpoint-probe.ts";
import { HandshakeBudget } from "./handshake-budget.ts";
import { HANDSHAKES_PER_SECOND } from "./limits.ts";

/** Everything has a default. */
export interface ProberOptions {
  /** TLS handshakes that may begin in a second, default 200. A probe that waits for its turn loses no time. */
  readonly handshakesPerSecond?: number;
  /** When there are more probes than this, no connection stays open between two of an endpoint; default Infinity. */
  readonly connectionsKeptMax?: number;
  /** Called once, when connections are not kept any more because there are so many probes. */
  readonly onConnectionsNotKept?: (probes: number) => void;
}

/** The prober of this thread. */
export function createProber(net: NetContext, options: ProberOptions = {}): Prober {
  return new ThreadProber(net, options);
}

class ThreadProber implements Prober, ProbeHouse {
  readonly net: NetContext;
  readonly deadlines: Deadlines;
  readonly handshakes: HandshakeBudget;
  private readonly options: ProberOptions;
  private readonly probes: Set<EndpointProbe> = new Set();
  private isSaid = false;

  constructor(net: NetContext, options: ProberOptions) {
    this.net = net;
    this.options = options;
    this.deadlines = new Deadlines(net);
    this.handshakes = new HandshakeBudget(net, options.handshakesPerSecond ?? HANDSHAKES_PER_SECOND);
  }

  get keepsConnections(): boolean {
    return this.probes.size <= (this.options.connectionsKeptMax ?? Number.POSITIVE_INFINITY);
  }

  create(target: ProbeTarget, onOutcome: (outcome: ProbeOutcome) => void): Probe {
    const probe = new EndpointProbe(this, target, onOutcome);
    this.probes.add(probe);
    if (!this.keepsConnections && !this.isSaid) {
      this.isSaid = true;
      this.options.onConnectionsNotKept?.(this.probes.size);
    }
    return probe;
  }

  close(): void {
    for (const probe of [...this.probes]) probe.close();
  }

  onClosed(probe: EndpointProbe): void {
    this.probes.delete(probe);
  }
}
