// The terminal of this process, for a command that draws on it. Made by main.ts; a test brings its own.

/** Where a command draws. */
export interface Terminal {
  /** False: a file or pipe, where nothing is drawn twice. */
  readonly isTty: boolean;
  size(): { readonly columns: number; readonly rows: number };
  write(text: string): void;
  /** Calls once when the user has had enough: q, Ctrl-C, Ctrl-D or a signal. The answer ends the waiting. */
  onQuit(quit: () => void): () => void;
}

/** Standard input and output. */
export function processTerminal(): Terminal {
  const { stdin, stdout } = process;
  return {
    isTty: stdout.isTTY === true,
    size: () => ({ columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 }),
    write: (text) => void stdout.write(text),
    onQuit: (quit) => {
      const onKeys = (keys: Buffer): void => {
        if (QUIT_KEYS.some((key) => keys.includes(key))) quit();
      };
      for (const signal of SIGNALS) process.once(signal, quit);
      if (stdin.isTTY) stdin.setRawMode(true).on("data", onKeys);
      return () => {
        for (const signal of SIGNALS) process.off(signal, quit);
        if (stdin.isTTY) stdin.setRawMode(false).off("data", onKeys).pause();
      };
    },
  };
}

/** q, Ctrl-C, Ctrl-D: a raw terminal sends no signals. */
const QUIT_KEYS: readonly string[] = ["q", "\u0003", "\u0004"];
const SIGNALS = ["SIGINT", "SIGTERM"] as const;
