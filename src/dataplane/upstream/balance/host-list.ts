// One list that a balancer picks from (all, healthy or degraded hosts of one priority) with the balancer's place in it, which
// survives changes of the list. Filled by host-set.ts, advanced by the balancers.
import type { Random } from "../../../base/random.ts";
import { EdfSchedule } from "./edf.ts";
import type { Host } from "./host.ts";

/** A list of hosts and where the rotation stands. */
export class HostList<H extends Host> {
  /** Valid until the next `fill`: the set that gave it fills its arrays anew. Shared with other lists where they are equal. */
  hosts: readonly H[] = [];
  /** Whether a plain rotation honours the weights. */
  weightsAreEqual: boolean = true;
  /** One more with each `fill`. */
  version: number = 0;
  /** Whether these are all hosts, used when too few are healthy. */
  readonly isPanic: boolean;
  private cursor = -1;
  private schedule: EdfSchedule<H> | null = null;
  private scheduleIsStale = false;

  constructor(kind: "usual" | "panic") {
    this.isPanic = kind === "panic";
  }

  /** Takes a new list; the rotation goes on from where it stands. */
  fill(hosts: readonly H[], weightsAreEqual: boolean): void {
    this.hosts = hosts;
    this.weightsAreEqual = weightsAreEqual;
    this.scheduleIsStale = true;
    this.version++;
  }

  /** The next host in strict rotation from a random start. The list must not be empty. */
  rotate(random: Random): H {
    const { hosts } = this;
    let at = this.cursor + 1;
    if (at === 0) at = random.below(hosts.length);
    else if (at >= hosts.length) at = 0;
    this.cursor = at;
    return hosts[at] as H;
  }

  /** The next host by weights; `weightOf` as in EdfSchedule, always the same for one list. The list must not be empty. */
  pickByWeight(random: Random, weightOf: ((host: H) => number) | null): H {
    let schedule = this.schedule;
    if (schedule === null || this.scheduleIsStale || schedule.rounds > ROUNDS_MAX) {
      schedule = new EdfSchedule(this.hosts, random, weightOf);
      this.schedule = schedule;
      this.scheduleIsStale = false;
    }
    return schedule.pick();
  }
}

/** Deadlines are doubles around the number of rounds: up to here shares of hosts with weights in the thousands stay apart. */
const ROUNDS_MAX = 1_000_000;
