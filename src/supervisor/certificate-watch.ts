// Looks whether files of certificates with a watched_directory have changed, and has the node take what they hold. Made by node.ts.
// Warns of those that expire. Marks instead of the kernel's notices: they follow symbolic links that are swapped, as Kubernetes does,
// and need no directory to exist.
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import { type ReadFile, type RenewedPlan, renewFiles, watchedFiles } from "../config/compile/renew-files.ts";
import type { Plan } from "../config/plan/plan.ts";
import { expiryWarnings } from "../control/admin/certificates.ts";
import type { StatsWriter } from "../telemetry/stats-memory.ts";
import type { Logger } from "./log/logger.ts";
import { countCertificates } from "./node-stats.ts";
import type { ReloadOutcome } from "./reload.ts";

/** Files as the watch sees them. */
export interface WatchedFiles {
  readonly read: ReadFile;
  /** Another text when the file may have changed; empty: there is none. */
  mark(path: string): string;
}

/** What it stands on. */
export interface CertificateWatchParts {
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly ownStats: StatsWriter;
  readonly files: WatchedFiles;
  plan(): Plan;
  /** Wall-clock time in milliseconds. */
  wallMs(): number;
  /** Takes the plan that this makes of the one that serves. */
  change(next: (held: Plan) => Plan): Promise<ReloadOutcome>;
}

/** The watch of one node. A file is read when it was the same in two looks after a change, so that few are read half-written. */
export class CertificateWatch {
  private readonly parts: CertificateWatchParts;
  private readonly timer: Timer = new Timer(() => this.look());
  /** Of all files together: when they were last read, and at the last look. */
  private readMarks = "";
  private seenMarks = "";
  /** What is wrong already and was said. */
  private faults: readonly string[] = [];
  /** Whose expiry was looked at, how many looks ago, and what was said of it. */
  private datedPlan: Plan | null = null;
  private datedLooks = 0;
  private dated: readonly string[] = [];
  private isStopped = false;

  constructor(parts: CertificateWatchParts) {
    this.parts = parts;
    parts.wheel.arm(this.timer, LOOK_MS);
  }

  /** Looks no more. */
  stop(): void {
    this.parts.wheel.remove(this.timer);
    this.isStopped = true;
  }

  private look(): void {
    this.tellExpiry();
    const marks = this.marks();
    const isSettled = marks === this.seenMarks;
    this.seenMarks = marks;
    if (isSettled && marks !== this.readMarks) void this.renew(marks).finally(() => this.lookAgain());
    else this.lookAgain();
  }

  /** Once for each certificate: when a plan comes with it, or when its last week begins or ends. */
  private tellExpiry(): void {
    const { plan, wallMs, log } = this.parts;
    if (plan() === this.datedPlan && ++this.datedLooks < EXPIRY_LOOKS) return;
    this.datedPlan = plan();
    this.datedLooks = 0;
    const warnings = expiryWarnings(this.datedPlan, wallMs());
    for (const warning of warnings) if (!this.dated.includes(warning)) log.warning("config", warning);
    this.dated = warnings;
  }

  private lookAgain(): void {
    if (!this.isStopped) this.parts.wheel.arm(this.timer, LOOK_MS);
  }

  private async renew(marks: string): Promise<void> {
    const { plan, files, change } = this.parts;
    const read = readOnce(files.read);
    const { renewed, faults } = renewFiles(plan(), read);
    // Something changed while it was read: what goes together is known later.
    if (this.marks() !== marks) return;
    this.readMarks = marks;
    this.tellFaults(faults);
    if (renewed.length === 0) return;
    const outcome = await change((held) => renewFiles(held, read).plan);
    this.tell(renewed, outcome);
  }

  private marks(): string {
    const { plan, files } = this.parts;
    return watchedFiles(plan())
      .map((path) => `${path} ${files.mark(path)}`)
      .join("\n");
  }

  /** Counts also when there are none: a node that watches files shows its counters from the first look. */
  private tellFaults(faults: RenewedPlan["faults"]): void {
    const { log, ownStats } = this.parts;
    const fresh = faults.filter((fault) => !this.faults.includes(fault));
    this.faults = faults;
    for (const fault of fresh) log.error("config", `${fault}; what served serves on`);
    countCertificates(ownStats, { renewed: 0, refused: fresh.length });
  }

  private tell(renewed: readonly string[], outcome: ReloadOutcome): void {
    const { log, ownStats } = this.parts;
    if (outcome.kind === "refused") {
      for (const error of outcome.errors) log.error("config", `${error}; what served serves on`);
      countCertificates(ownStats, { renewed: 0, refused: outcome.errors.length });
      return;
    }
    for (const path of renewed) log.info("config", `${path} has changed and is served`);
    countCertificates(ownStats, { renewed: renewed.length, refused: 0 });
  }
}

/** The same bytes for the same path, so that a plan is made of what was checked. */
function readOnce(read: ReadFile): ReadFile {
  const held = new Map<string, Uint8Array | Error>();
  return (path) => {
    let bytes = held.get(path);
    if (bytes === undefined) {
      bytes = read(path);
      held.set(path, bytes);
    }
    return bytes;
  };
}

/** Two looks and the roll-out are well below two seconds. */
const LOOK_MS = 250;
/** An hour. */
const EXPIRY_LOOKS = 14_400;
