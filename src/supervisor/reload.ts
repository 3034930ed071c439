// Takes another configuration into a running node, or says why not: nothing changes then. Made by node.ts; SIGHUP asks for it, and
// certificate-watch.ts when files changed.
import { randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { addressText } from "../config/plan/address.ts";
import type { Plan } from "../config/plan/plan.ts";
import { readyChains } from "../net/ready-chains.ts";
import type { StatsWriter } from "../telemetry/stats-memory.ts";
import { type AddressProbes, settleAddresses } from "./addresses.ts";
import { checkLogFiles } from "./check-log-files.ts";
import { countConfiguration, countPlanChange } from "./node-stats.ts";
import { changeText, fixedChanges, type HeldPlan, planChange, takeOver } from "./plan-change.ts";
import { checkRuntimeRoots } from "./runtime/check-roots.ts";
import { StartError } from "./start-error.ts";
import type { Supervisor } from "./supervisor.ts";

/** A configuration that was loaded. */
export interface Loaded {
  readonly plan: Plan;
  /** The checked bootstrap as proto3 JSON. */
  readonly bootstrap: unknown;
}

/** What became of it: `text` says what changed, empty: nothing; or why it was refused. */
export type ReloadOutcome =
  | { readonly kind: "applied"; readonly text: string }
  | { readonly kind: "refused"; readonly errors: readonly string[] };

/** What it stands on. */
export interface ReloadParts {
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  readonly probes: AddressProbes;
  readonly ownStats: StatsWriter;
}

/** The configuration of a running node. */
export class Reload {
  /** The checked bootstrap of the plan that serves. */
  bootstrap: unknown;
  /** When it was loaded. */
  loadedWallMs: number;
  private readonly parts: ReloadParts;
  private asked: Plan;
  private last: Promise<unknown> = Promise.resolve();

  /** `first`: what the node was started with. */
  constructor(parts: ReloadParts, first: Loaded) {
    this.parts = parts;
    this.asked = first.plan;
    this.bootstrap = first.bootstrap;
    this.loadedWallMs = parts.clock.wallMs();
  }

  /** Resolves when every worker serves by it, or with what is wrong. One after the other; a node that still begins begins first. */
  take(loaded: Loaded): Promise<ReloadOutcome> {
    return this.inTurn(() => this.takeNow(loaded));
  }

  /** Takes what `next` makes of the plan that serves, which leaves its names, addresses and clusters as they are. */
  change(next: (held: Plan) => Plan): Promise<ReloadOutcome> {
    return this.inTurn(async () => {
      const { supervisor } = this.parts;
      await supervisor.ready;
      const plan = next(supervisor.plan);
      const errors = unusableTls(plan);
      if (errors.length > 0) return { kind: "refused", errors };
      this.asked = next(this.asked);
      await supervisor.rollOut.take(plan);
      return { kind: "applied", text: "" };
    });
  }

  private inTurn(act: () => Promise<ReloadOutcome>): Promise<ReloadOutcome> {
    const outcome = this.last.then(act);
    this.last = outcome.catch(() => {});
    return outcome;
  }

  private async takeNow(loaded: Loaded): Promise<ReloadOutcome> {
    const { supervisor, clock, ownStats } = this.parts;
    await supervisor.ready;
    const held: HeldPlan = { asked: this.asked, real: supervisor.plan };
    const next = takeOver(held, loaded.plan);
    const errors = [...fixedChanges(held.asked, next.asked), ...unusableTls(next.real)];
    if (errors.length > 0) return this.refuse(errors);
    const plan = await this.settle(held.real, next.real);
    if (plan instanceof StartError) return this.refuse([plan.message]);
    const change = planChange(held.real, plan);
    if (change.clusters.added.length > supervisor.endpoints.clustersLeft) return this.refuse([TOO_MANY]);
    await supervisor.rollOut.take(plan);
    this.asked = next.asked;
    this.bootstrap = loaded.bootstrap;
    this.loadedWallMs = clock.wallMs();
    countPlanChange(ownStats, change);
    countConfiguration(ownStats, "applied");
    supervisor.tellOfPlan("applied", []);
    return { kind: "applied", text: changeText(change) };
  }

  /** A configuration that is not taken: the mesh hears of it. */
  refuse(errors: readonly string[]): ReloadOutcome & { readonly kind: "refused" } {
    countConfiguration(this.parts.ownStats, "refused");
    this.parts.supervisor.tellOfPlan("refused", errors);
    return { kind: "refused", errors };
  }

  /** The plan with real ports; an address that is ours already is free for us. */
  private async settle(held: Plan, next: Plan): Promise<Plan | StartError> {
    const { probes } = this.parts;
    const ours = new Set(
      held.listeners.flatMap(({ address, additionalAddresses }) => [address, ...additionalAddresses].map(addressText)),
    );
    if (held.eds !== null) ours.add(addressText(held.eds.listen));
    try {
      checkLogFiles(next);
      checkRuntimeRoots(next);
      return await settleAddresses(next, false, {
        findFreePort: (host) => probes.findFreePort(host),
        checkAddressFree: (address) =>
          ours.has(addressText(address)) ? Promise.resolve(null) : probes.checkAddressFree(address),
      });
    } catch (error) {
      if (error instanceof StartError) return error;
      throw error;
    }
  }
}

const TOO_MANY = "more clusters came and went than a node has room for: that needs a restart";

/** What the TLS library says of listeners: a worker would keep the old certificates and only warn. */
function unusableTls({ listeners }: Plan): string[] {
  return listeners.flatMap((listener) => {
    const ready = readyChains(listener, randomBytes(48));
    return "kind" in ready ? [`listener '${listener.name}': ${ready.text}`] : [];
  });
}
