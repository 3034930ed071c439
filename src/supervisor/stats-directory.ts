// What every thread has announced of its counters, kept by slot so that it outlives the thread: a restarted worker goes on in the
// same memory, and readers find all of it here. Reads and sums nothing itself; zeroes the gauges of the dead.
import type { StatsSource, StatsSources } from "../control/admin/view.ts";
import type { BlockSchema } from "../telemetry/stats-block.ts";
import { isAmong, type StatNames, type StatsNotice } from "../telemetry/stats-memory.ts";

/** All writers of a node. */
export class StatsDirectory implements StatsSources {
  generation: number = 0;
  /** Called before values are read; set by the node. */
  beforeRead: () => void = () => {};
  /** Called with what a writer told: who reads counters on another thread. */
  private readonly followers: ((writer: string, notices: readonly StatsNotice[]) => void)[] = [];
  /** A writer told for the first time; a writer died. Set by the node. */
  onWriter: (writer: string) => void = () => {};
  onDeath: (writer: string) => void = () => {};
  private readonly schemas: ReadonlyMap<string, BlockSchema>;
  /** Notices by writer and by what they are about. */
  private readonly writers = new Map<string, Map<string, StatsNotice>>();

  constructor(schemas: readonly BlockSchema[]) {
    this.schemas = new Map(schemas.map((schema) => [schema.id, schema]));
  }

  schema(id: string): BlockSchema {
    const schema = this.schemas.get(id);
    if (schema === undefined) throw new Error(`stats: no schema ${id}`);
    return schema;
  }

  /** Keeps what a writer told. */
  add(writer: string, notices: readonly StatsNotice[]): void {
    let held = this.writers.get(writer);
    if (held === undefined) {
      held = new Map();
      this.writers.set(writer, held);
      this.onWriter(writer);
    }
    for (const notice of notices) {
      if (notice.type === "forgotten") forget(held, notice);
      else if (notice.type === "freed") held.delete(keyOf({ ...notice, type: "block" }));
      else held.set(keyOf(notice), notice);
    }
    this.generation += notices.length;
    for (const follower of this.followers) follower(writer, notices);
  }

  /** From now on this is called with what writers tell. */
  follow(follower: (writer: string, notices: readonly StatsNotice[]) => void): void {
    this.followers.push(follower);
  }

  /** The notices of one writer: what its successor begins with. */
  noticesOf(writer: string): readonly StatsNotice[] {
    return [...(this.writers.get(writer)?.values() ?? [])];
  }

  /** Everything, by writer. */
  sources(): readonly StatsSource[] {
    return [...this.writers.keys()].map((writer) => ({ writer, notices: this.noticesOf(writer) }));
  }

  /** A writer died: sets its gauges to 0; its counters stay. */
  zeroGauges(writer: string): void {
    this.clear(writer, (schema) => [schema.gaugesFrom, schema.names.length], "gauges");
    this.onDeath(writer);
  }

  /**
   * Sets every counter and histogram of /stats to 0; as in Envoy not those of endpoints, which load reports take differences of. A writer that
   * counts at this moment may win: its slot keeps its value plus one.
   */
  resetCounters(): void {
    for (const writer of this.writers.keys())
      this.clear(writer, ({ visible, gaugesFrom }) => [0, visible ? gaugesFrom : 0], "counters");
  }

  private clear(
    writer: string,
    range: (schema: BlockSchema) => readonly [number, number],
    kind: "counters" | "gauges",
  ): void {
    const pages: Float64Array[] = [];
    for (const notice of this.noticesOf(writer)) {
      switch (notice.type) {
        case "page":
          pages[notice.page] = new Float64Array(notice.memory);
          break;
        case "block": {
          const [from, to] = range(this.schema(notice.schema));
          (pages[notice.page] as Float64Array).fill(0, notice.offset + from, notice.offset + to);
          break;
        }
        case "stat":
          if (notice.gauge === (kind === "gauges")) (pages[notice.page] as Float64Array)[notice.offset] = 0;
          break;
        case "histogram":
          if (kind === "counters") new Uint32Array(notice.memory).fill(0);
          break;
        case "forgotten":
        case "freed":
          break; // never kept
      }
    }
  }
}

function forget(held: Map<string, StatsNotice>, names: StatNames): void {
  for (const [key, notice] of held) {
    const name = "prefix" in notice ? notice.prefix : "name" in notice ? notice.name : "";
    if (name !== "" && isAmong(name, names)) held.delete(key);
  }
}

type About =
  | Exclude<StatsNotice, { readonly type: "block" | "freed" | "forgotten" }>
  | { readonly type: "block"; readonly schema: string; readonly prefix: string };

function keyOf(notice: About): string {
  switch (notice.type) {
    case "page":
      return `page ${notice.page}`;
    case "block":
      return `block ${notice.schema} ${notice.prefix}`;
    case "stat":
    case "histogram":
      return `${notice.type} ${notice.name}`;
  }
}
