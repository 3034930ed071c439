// Where the bus contract is played: a broker with buses, and words for its tests.
import type { Bus, BusEvent, RequestOutcome } from "../../../../src/control/mesh/bus/bus.ts";

/** A bus and what it told. */
export interface Member {
  readonly bus: Bus;
  readonly events: readonly BusEvent[];
}

/** A broker with buses on it. */
export interface BusStage {
  /** A bus that is connected, or on its way while the broker is stopped. */
  join(): Promise<Member>;
  /** Waits for what comes by itself; fails when it does not. */
  until(condition: () => boolean): Promise<void>;
  /** Waits until all that was sent has come to those who are connected. */
  settle(): Promise<void>;
  stopBroker(): Promise<void>;
  startBroker(): Promise<void>;
  close(): Promise<void>;
}

/** One test of the contract, on a stage of its own. */
export type ContractTest = (stage: BusStage) => Promise<void>;

/** What a new subscription hears, as `subject payload`. */
export function collect(bus: Bus, subject: string, queue: string = ""): string[] {
  const heard: string[] = [];
  bus.subscribe(subject, (message) => heard.push(`${message.subject} ${text(message.payload)}`), queue);
  return heard;
}

/** How a request ends. */
export function ask(bus: Bus, subject: string, timeoutMs: number): RequestOutcome[] {
  const outcomes: RequestOutcome[] = [];
  bus.request(subject, bytes("ask"), timeoutMs, (outcome) => outcomes.push(outcome));
  return outcomes;
}

/** Waits for a promise while time passes. */
export async function within<T>(stage: BusStage, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const marked = promise.finally(() => {
    isOver = true;
  });
  await stage.until(() => isOver);
  return marked;
}

/** A payload. */
export const bytes = (value: string): Uint8Array => Buffer.from(value);

/** What a payload says. */
export const text = (payload: Uint8Array): string => Buffer.from(payload).toString();
