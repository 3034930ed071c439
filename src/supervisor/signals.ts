// What signals do to a serving process, as Envoy has it: SIGTERM and SIGINT end it at once, SIGUSR1 opens log files again. SIGHUP reads the
// configuration again, which Envoy does not.
import type { Logger } from "./log/logger.ts";

/** What signals order. */
export interface SignalOrders {
  quit(): void;
  reopenLogs(): void;
  reload(): void;
}

/** Listens for signals until the process ends. */
export function handleSignals(log: Logger, orders: SignalOrders): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      log.warning("main", `caught ${signal}`);
      orders.quit();
    });
  }
  process.on("SIGUSR1", () => {
    log.info("main", "caught SIGUSR1: log files are opened again");
    orders.reopenLogs();
  });
  process.on("SIGHUP", () => {
    log.info("main", "caught SIGHUP: the configuration is read again");
    orders.reload();
  });
}
