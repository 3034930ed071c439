// Which filter module each worker is running now, and whether the worker's loop still turns, in shared memory: a worker writes its own
// words, the supervisor reads all. So a module that never returns can be named. Entering and leaving a module cost two stores.

/** What the supervisor sees of one worker. */
export interface ModuleSight {
  /** Grows with every turn of the worker's loop that was taken note of; 0: the worker runs no module. */
  readonly beat: number;
  /** The module that it is in; empty: none. */
  readonly inside: string;
  /** Names of all that it has opened. */
  readonly modules: readonly string[];
}

/** Makes the memory. */
export function createModuleWatchMemory(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(workers * WORKER_BYTES);
}

/** One worker's view; the supervisor's is that of any worker. */
export class ModuleWatch {
  private readonly memory: SharedArrayBuffer;
  private readonly words: Int32Array;
  private readonly names: string[] = [];

  constructor(memory: SharedArrayBuffer, worker: number) {
    this.memory = memory;
    this.words = new Int32Array(memory, worker * WORKER_BYTES, WORDS);
  }

  /** Notes a module's name; its number. Beyond 64 the last ones share a number. */
  open(name: string): number {
    const known = this.names.indexOf(name);
    if (known >= 0) return known + 1;
    const at = Math.min(this.names.length, MODULES_MAX - 1);
    this.names[at] = name;
    const place = this.nameAt(this.words.byteOffset, at);
    place.fill(0);
    new TextEncoder().encodeInto(name, place);
    this.words[OPENED] = this.names.length;
    return at + 1;
  }

  /** Modules that this worker has opened. */
  get count(): number {
    return this.names.length;
  }

  /** The module of this number runs from now on; answers what ran before it, for `leave`. */
  enter(module: number): number {
    const before = this.words[INSIDE] as number;
    this.words[INSIDE] = module;
    return before;
  }

  /** It has returned. */
  leave(before: number): void {
    this.words[INSIDE] = before;
  }

  /** The worker's loop turns. */
  beat(): void {
    Atomics.add(this.words, BEAT, 1);
  }

  /** What a worker runs. */
  sight(worker: number): ModuleSight {
    const offset = worker * WORKER_BYTES;
    const words = new Int32Array(this.memory, offset, WORDS);
    const modules = Array.from({ length: Atomics.load(words, OPENED) }, (_, at) => this.nameOf(offset, at));
    const inside = modules[Atomics.load(words, INSIDE) - 1] ?? "";
    return { beat: Atomics.load(words, BEAT), inside, modules };
  }

  /** A worker died: it runs nothing. */
  clearWorker(worker: number): void {
    new Int32Array(this.memory, worker * WORKER_BYTES, WORDS).fill(0);
  }

  private nameOf(offset: number, at: number): string {
    const bytes = this.nameAt(offset, at).slice();
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  private nameAt(offset: number, at: number): Uint8Array {
    return new Uint8Array(this.memory, offset + WORDS * 4 + at * NAME_BYTES, NAME_BYTES);
  }
}

const INSIDE = 0;
const BEAT = 1;
const OPENED = 2;
/** A cache line, so that no two workers write the same one. */
const WORDS = 16;
const NAME_BYTES = 128;
const MODULES_MAX = 64;
const WORKER_BYTES = WORDS * 4 + MODULES_MAX * NAME_BYTES;
