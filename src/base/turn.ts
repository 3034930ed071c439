// What is to be done once at the end of this event-loop turn: channels put themselves here so that all bytes of a turn leave in one write.

/** Something that asked for the end of the turn. */
export interface TurnTask {
  /** Must not throw: the tasks behind it would be lost. */
  runTurn(): void;
}

/** A list of tasks, run together after the sockets of this turn were read. One per thread. */
export class Turn {
  private readonly defer: (run: () => void) => void;
  private readonly boundRun: () => void = () => this.run();
  private tasks: (TurnTask | null)[] = [];
  private spare: (TurnTask | null)[] = [];
  private count = 0;

  /** `defer` calls its argument once, later in the same turn: `setImmediate` unless a test brings its own. */
  constructor(defer: (run: () => void) => void = setImmediate) {
    this.defer = defer;
  }

  /** Runs the task at the end of this turn; the task sees to it that it is here only once. */
  add(task: TurnTask): void {
    this.tasks[this.count++] = task;
    if (this.count === 1) this.defer(this.boundRun);
  }

  /** Runs what is listed now; what those tasks add belongs to the next turn, so that one of them cannot hold up the loop. */
  private run(): void {
    const tasks = this.tasks;
    const count = this.count;
    this.tasks = this.spare;
    this.spare = tasks;
    this.count = 0;
    for (let i = 0; i < count; i++) {
      const task = tasks[i] as TurnTask;
      tasks[i] = null;
      task.runTurn();
    }
  }
}
