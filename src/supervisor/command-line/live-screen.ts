// A picture that is drawn anew each second on a terminal's other screen, until the user has had enough. Called by `starling top` and
// `starling lrs-server --top`.
import { systemClock } from "../../base/clock.ts";
import { DrivenWheel } from "../../base/driven-wheel.ts";
import { stayAlive } from "../../base/stay-alive.ts";
import { Timer } from "../../base/timer-wheel.ts";
import type { Terminal } from "./terminal.ts";

/** A screen in use. */
export interface LiveScreen {
  /** Resolves when the user has had enough, or after `close`; the terminal is then as it was before. */
  readonly over: Promise<void>;
  close(): void;
}

/** Draws what `lines` answers with, at once and then each second after the answer. */
export function liveScreen(terminal: Terminal, lines: () => Promise<readonly string[]>): LiveScreen {
  const wheel = new DrivenWheel(systemClock);
  const letGo = stayAlive();
  const { promise, resolve } = Promise.withResolvers<void>();
  let isOver = false;
  const draw = async (): Promise<void> => {
    const shown = await lines();
    if (isOver) return;
    terminal.write(pictureOf(shown, terminal.size()));
    wheel.arm(timer, REDRAW_MS);
  };
  const timer = new Timer(() => void draw());
  const close = (): void => {
    if (isOver) return;
    isOver = true;
    letGo();
    wheel.stop();
    stopWaiting();
    terminal.write(LEAVE);
    resolve();
  };
  const stopWaiting = terminal.onQuit(close);
  terminal.write(ENTER);
  void draw();
  return { over: promise, close };
}

/** Lines cut to the window, over what was drawn before. */
function pictureOf(lines: readonly string[], { columns, rows }: ReturnType<Terminal["size"]>): string {
  const shown = lines.length < rows ? [...lines] : lines.slice(0, rows - 1);
  const hidden = lines.length - shown.length;
  if (hidden > 0) shown[shown.length - 1] = `… ${hidden + 1} lines more`;
  return `${HOME}${shown.map((line) => `${line.slice(0, columns)}${CLEAR_LINE}`).join("\r\n")}${CLEAR_BELOW}`;
}

const REDRAW_MS = 1_000;
/** The terminal's other screen, without a cursor; and back. */
const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";
