// Requests that take too long, through the real Envoy and through Starling: what the upstream is told of its time, and what comes of it.
import { compareRooms } from "../support/compare-rooms.ts";
import { DURATION_CASES } from "./duration-cases.ts";

compareRooms("limits of time, the real Envoy beside Starling", DURATION_CASES);
