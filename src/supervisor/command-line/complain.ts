// What is wrong with a command line, or with what it asked for.

/** Prints each line to the errors; answers with the exit code. */
export function complain(lines: readonly string[]): 1 {
  for (const line of lines) process.stderr.write(`starling: ${line}\n`);
  return 1;
}
