// All bars of the mesh that real processes show, in the order of the README's table.
import type { MeshBar } from "../../support/mesh-bars/bar.ts";
import { BROKER_KILLED, BROKER_STOPPED } from "./broker-gone.ts";
import { CLOCKS } from "./clocks.ts";
import { COLD_START } from "./cold-start.ts";
import { COMINGS } from "./comings.ts";
import { CUT_OFF } from "./cut-off.ts";
import { HANGS } from "./hangs.ts";
import { OWNER_DIES } from "./owner-dies.ts";
import { HEALTH_THREADS_HUNG, OWNERS_KILLED } from "./owners-lost.ts";
import { partition } from "./partition.ts";
import { REFUSES } from "./refuses.ts";
import { STEADY } from "./steady.ts";
import { stopped } from "./stopped.ts";

export const BARS: readonly MeshBar[] = [
  STEADY,
  REFUSES,
  HANGS,
  OWNER_DIES,
  BROKER_KILLED,
  BROKER_STOPPED,
  partition("cut"),
  partition("stalled"),
  stopped(2_000),
  stopped(10_000),
  stopped(60_000),
  OWNERS_KILLED,
  HEALTH_THREADS_HUNG,
  CUT_OFF,
  COMINGS,
  COLD_START,
  CLOCKS,
];
