// What all requests of one filter module share in one worker: its counters, its log, and the marks of when it runs. Made by open-module.ts.
import { moduleFault } from "../../../base/load-module.ts";
import type { ModuleWatch } from "../../../telemetry/module-watch.ts";
import type { StatSlot, StatsWriter } from "../../../telemetry/stats-memory.ts";
import type { Counter, FilterContext } from "./contract.ts";

/** What it stands on. */
export interface ModuleSiteParts {
  /** The filter's name. */
  readonly name: string;
  readonly file: string;
  /** `http.<stat_prefix>.` */
  readonly statPrefix: string;
  readonly stats: StatsWriter;
  readonly watch: ModuleWatch;
  nowMs(): number;
  log(level: LogLevel, text: string): void;
}

type LogLevel = Parameters<FilterContext["log"]>[0];

/** One module of one connection manager of one worker. */
export class ModuleSite implements FilterContext {
  readonly name: string;
  private readonly parts: ModuleSiteParts;
  private readonly number: number;
  private readonly prefix: string;
  private readonly failures: StatSlot;
  private readonly counters = new Map<string, Counter>();
  private logged = 0;
  private dropped = 0;
  private windowMs = 0;

  constructor(parts: ModuleSiteParts) {
    this.name = parts.name;
    this.parts = parts;
    this.prefix = `${parts.statPrefix}module.${parts.name}.`;
    this.number = parts.watch.open(`'${parts.name}' (${parts.file})`);
    this.failures = parts.stats.counter(`${this.prefix}failed`);
  }

  /** The module runs from now on; the answer is for `leave`. */
  enter(): number {
    return this.parts.watch.enter(this.number);
  }

  /** It has returned. */
  leave(before: number): void {
    this.parts.watch.leave(before);
  }

  /** Counts and logs what it threw; answers with it as response code details. */
  failed(where: string, fault: unknown): string {
    bump(this.failures, 1);
    this.log("error", `${where} failed: ${moduleFault(fault, this.parts.file)}`);
    const says = fault instanceof Error ? `${fault.name}: ${fault.message}` : String(fault);
    return `module_failed{${this.name}|${where}|${says.slice(0, DETAILS_MAX).replace(/[^!-~]+/g, "_")}}`;
  }

  counter(name: string): Counter {
    const held = this.counters.get(name);
    if (held !== undefined) return held;
    if (!/^[A-Za-z0-9_.]{1,64}$/.test(name)) throw new TypeError(`illegal name of a counter: ${name}`);
    if (this.counters.size === COUNTERS_MAX) throw new RangeError(`a filter has no more than ${COUNTERS_MAX} counters`);
    const slot = this.parts.stats.counter(this.prefix + name);
    const made: Counter = { add: (amount = 1) => bump(slot, amount) };
    this.counters.set(name, made);
    return made;
  }

  log(level: LogLevel, text: string): void {
    const nowMs = this.parts.nowMs();
    if (nowMs - this.windowMs >= 1_000) {
      this.windowMs = nowMs;
      this.logged = 0;
    }
    if (this.logged++ >= LINES_MAX) {
      this.dropped++;
      return;
    }
    const more = this.dropped === 0 ? "" : ` (${this.dropped} lines before it were dropped)`;
    this.dropped = 0;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a line stays one line
    const line = text.slice(0, TEXT_MAX).replace(/[\x00-\x1f\x7f]+/g, " ");
    this.parts.log(level, `filter module '${this.name}': ${line}${more}`);
  }
}

function bump(slot: StatSlot, amount: number): void {
  slot.values[slot.at] = (slot.values[slot.at] as number) + amount;
}

/** Counters of a module's own. */
const COUNTERS_MAX = 64;
/** Lines of a module and worker in a second. */
const LINES_MAX = 20;
const TEXT_MAX = 1_000;
const DETAILS_MAX = 160;
