// What a node's log says of its bus. Called by mesh-actor.ts.
import type { LogLevel } from "../../messages/log.ts";
import type { BusEvent } from "./bus/bus.ts";

/** The line of an event. */
export function busWords(event: BusEvent): readonly [level: LogLevel, text: string] {
  switch (event.type) {
    case "connected":
      return ["info", `connected to the mesh's broker at ${event.server}`];
    case "disconnected":
      return ["warning", `without the mesh's broker: ${event.reason}`];
    case "lame-duck":
      return ["info", "the mesh's broker is about to end this connection"];
    case "slow-consumer":
      return ["warning", `the mesh's broker and this node do not keep up: ${event.reason}`];
    case "permission-violation":
      return ["error", `the mesh's broker does not let this node ${event.operation} ${event.subject}`];
  }
}
