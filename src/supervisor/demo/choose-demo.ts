// Which demo the flags of `starling demo` ask for.
import { COMMON_FLAGS, type FlagSpec } from "../command-line/flags.ts";
import type { ParsedFlags } from "../command-line/parse-flags.ts";
import { FRONT_PROXY_DEMO } from "./front-proxy-demo.ts";
import { grpcDemo } from "./grpc-demo.ts";
import { healthDemo } from "./health-demo.ts";
import type { DemoLayout } from "./layout.ts";
import { LOAD_DEMO } from "./load-demo.ts";
import { TRAFFIC_DEMO } from "./traffic-demo.ts";

/** The flags of `starling demo`. */
export const DEMO_FLAGS: readonly FlagSpec[] = [
  { name: "health", short: "", kind: "switch", help: "instead: active HTTP checks of two side-cars, every second" },
  { name: "health-tcp", short: "", kind: "switch", help: "instead: active TCP checks of two side-cars, every second" },
  { name: "grpc", short: "", kind: "switch", help: "instead: calls of one gRPC channel to three servers in turn" },
  {
    name: "load",
    short: "",
    kind: "switch",
    help: "instead: two proxies that report load, and the server's log of it",
  },
  {
    name: "traffic",
    short: "",
    kind: "switch",
    help: "instead: shares of requests moved between versions of a service, live",
  },
  {
    name: "document-timing",
    short: "",
    kind: "switch",
    help: "checks as in config/health-checks: every 10 s, every 60 s before the first request",
  },
  ...COMMON_FLAGS,
];

/** The demo, or one line a mistake. */
export function chooseDemo(flags: ParsedFlags): DemoLayout | readonly string[] {
  const has = (name: string): boolean => flags.values.has(name);
  const mistakes = [...flags.errors, ...flags.rest.map((argument) => `unexpected argument '${argument}'`)];
  const chosen = ["health", "health-tcp", "grpc", "load", "traffic"].filter(has).map((name) => `--${name}`);
  if (chosen.length > 1) mistakes.push(`${chosen.join(" and ")} are ${COUNTS[chosen.length]} demos`);
  const checks = has("health-tcp") ? "tcp" : has("health") ? "http" : null;
  const timing = has("document-timing") ? "document" : "quick";
  if (checks === null && timing === "document") mistakes.push("--document-timing goes with --health or --health-tcp");
  if (mistakes.length > 0) return mistakes;
  if (has("grpc")) return grpcDemo();
  if (has("load")) return LOAD_DEMO;
  if (has("traffic")) return TRAFFIC_DEMO;
  return checks === null ? FRONT_PROXY_DEMO : healthDemo({ checks, timing });
}

const COUNTS = ["", "one", "two", "three", "four", "five"];
