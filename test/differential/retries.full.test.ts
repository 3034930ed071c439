// Requests whose attempts fail, through the real Envoy and through Starling: the same attempts reach the upstream, and the same answer,
// counters and access log line come of them.
import { compareRooms } from "../support/compare-rooms.ts";
import { RETRY_CASES } from "./retry-cases.ts";
import { ORDER_CASES } from "./retry-order-cases.ts";

compareRooms("retries, the real Envoy beside Starling", [...RETRY_CASES, ...ORDER_CASES]);
