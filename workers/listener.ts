// One listener thread: makes the worker and its link, and turns the messages of its inbox into calls on the data path. Nothing else.
import { misbehave } from "../src/actor/misbehave.ts";
import { ThreadLink } from "../src/actor/thread-link.ts";
import { ListenerWorker } from "../src/dataplane/listener-worker.ts";
import type { ListenerInput, ListenerOutput, ListenerTask } from "../src/messages/listener.ts";
import { batchMemory } from "../src/telemetry/line-batches.ts";
import { noticeBatch } from "../src/telemetry/notice-batch.ts";

/** The pool's never-ending task: resolves when the worker was told to stop. */
export function listenerTask({ slot, port, restored, memory, logFlush }: ListenerTask): Promise<void> {
  const link = new ThreadLink<ListenerInput, ListenerOutput>(port);
  const worker = new ListenerWorker({
    ...{ slot, memory, restored, logFlush },
    announce: noticeBatch((notices) => link.send({ type: "stats-announced", notices })),
    onBug: (error) => link.send({ type: "bug-found", text: String((error as Error).stack ?? error) }),
    log: (level, component, text) => link.send({ type: "log-written", line: { level, component, text } }),
    onExport: (batch) => link.send({ type: "export-asked", batch }, batchMemory(batch)),
    onWatched: (told) => link.send({ type: "requests-watched", told }),
    onSuspected: (row, at, kind) => link.send({ type: "outlier-suspected", row, slot: at, kind }),
    onPassiveFailure: (row, at, count) => link.send({ type: "passive-failure-seen", row, slot: at, count }),
  });
  return new Promise((resolve) => {
    link.receive((message) => receive(worker, link, message, resolve));
    link.send({ type: "started" });
  });
}

type WorkerLink = ThreadLink<ListenerInput, ListenerOutput>;

function receive(worker: ListenerWorker, link: WorkerLink, message: ListenerInput, stopped: () => void): void {
  if (message.type === "plan-assigned") {
    worker.applyPlan(message.plan, message.drain, message.rateBuckets);
    link.send({ type: "plan-applied", version: message.version });
  } else if (message.type === "endpoints-changed") {
    link.send({ type: "endpoints-applied", missed: worker.applyEndpoints(message.updates) });
  } else if (message.type === "start-listening") {
    void worker.listeners.open().then(({ failures, opened }) => {
      for (const failure of failures) link.send({ type: "listening-failed", ...failure });
      if (failures.length === 0) link.send({ type: "listening", opened });
    });
  } else if (message.type === "set-ticket-keys") worker.listeners.setTicketKeys(message.listener, message.keys);
  else if (message.type === "runtime-changed") {
    link.send({ type: "runtime-applied", version: worker.applyRuntime(message) });
  } else if (message.type === "set-failing") worker.listeners.setFailing(message.failing);
  else if (message.type === "start-draining") worker.listeners.drain(message.inboundOnly, message.spreadMs);
  else if (message.type === "stop-listening") worker.listeners.closeSockets(message.inboundOnly);
  else if (message.type === "relieve-http2") worker.relieveHttp2(message.streamsBelow);
  else if (message.type === "forget-stats") worker.forgetStats(message.names);
  else if (message.type === "reopen-logs") worker.reopenLogs();
  else if (message.type === "watch-requests") worker.watchRequests(message.terms);
  else if (message.type === "misbehave") misbehave(message.how);
  else {
    message.type satisfies "stop";
    worker.close(() => {
      link.send({ type: "stopped" });
      link.close();
      stopped();
    });
  }
}
