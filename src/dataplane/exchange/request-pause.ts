// The pause of a request's source while what takes it is full: by the router's upstream, or by a filter that waits. Part of an exchange.
import type { MessageWriter } from "../../protocol/message.ts";
import { HTTP } from "../../telemetry/http-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import { BACKED_UP_BYTES } from "./memory-budget.ts";

/** Whose source it is. */
export interface PausedRequest {
  readonly manager: ConnectionManager;
  readonly writer: MessageWriter | null;
  readonly requestEnded: boolean;
}

/** Whether one request's source is paused. */
export class RequestPause {
  isOn: boolean = false;
  private readonly request: PausedRequest;

  constructor(request: PausedRequest) {
    this.request = request;
  }

  /** Pauses or resumes the source. */
  set(isBackedUp: boolean): void {
    if (this.isOn === isBackedUp) return;
    const { stats, worker } = this.request.manager;
    this.isOn = isBackedUp;
    worker.budget.heldBytes += isBackedUp ? BACKED_UP_BYTES : -BACKED_UP_BYTES;
    count(stats, isBackedUp ? PAUSED : RESUMED);
    if (isBackedUp) this.request.writer?.pauseSource();
    else this.request.writer?.resumeSource();
  }

  /** The request is over: what is left of it is read and thrown away, or its connection ends. Either way nobody waits for us. */
  end(): void {
    if (!this.isOn) return;
    const { manager, requestEnded, writer } = this.request;
    this.isOn = false;
    manager.worker.budget.heldBytes -= BACKED_UP_BYTES;
    if (!requestEnded) writer?.resumeSource();
  }
}

const { downstream_flow_control_paused_reading_total: PAUSED, downstream_flow_control_resumed_reading_total: RESUMED } =
  HTTP.at;
