// Keeps a process alive that waits for nothing but time: timers of the wheel do not.

/** The process does not end by itself until the answer is called. */
export function stayAlive(): () => void {
  const interval = setInterval(() => {}, FAR_MS);
  return () => clearInterval(interval);
}

const FAR_MS = 2 ** 31 - 1;
