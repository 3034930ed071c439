// The demo of the health-check document: a front proxy that checks two side-cars, blue's and yellow's, with a demo app behind each.
import { fileURLToPath } from "node:url";
import { appUrl, launcherUrl } from "../../base/location.ts";
import { type DemoFacts, type DemoLayout, type DemoProxy, type DemoService, fileName, same } from "./layout.ts";

/** Which part of the document, and whether with its own timing. */
export interface HealthDemoOptions {
  readonly checks: "http" | "tcp";
  /** `document`: checks every 10 s, and every 60 s before the first request. */
  readonly timing: "quick" | "document";
}

/** What `starling demo --health` and `--health-tcp` run. */
export function healthDemo({ checks, timing }: HealthDemoOptions): DemoLayout {
  const front: DemoProxy = {
    title: "front proxy",
    file: `health-checks/${checks === "http" ? "front-envoy" : "front-envoy-with-tcp-check"}.yaml`,
    // With one worker the two names alternate strictly.
    workers: 1,
    adminPort: FRONT_ADMIN,
    // Its first probes are to meet side-cars that listen.
    waits: true,
    readyStat: null,
    flags: () => [],
    ports: same(FRONT, FRONT_ADMIN, BLUE, YELLOW),
    edit: timing === "quick" ? quick : (yaml) => yaml,
  };
  return {
    intro: "Starting a front proxy with active health checks, and two side-cars with a demo app each, on loopback …",
    services: [demoApp("blue", BLUE), demoApp("yellow", YELLOW)],
    proxies: [sidecar("blue", BLUE), sidecar("yellow", YELLOW), front],
    brokerPort: null,
    guide: (facts) => [...opening(checks, timing, facts), "", "Try, in another terminal:", ...trials(checks, facts)],
  };
}

function opening(checks: "http" | "tcp", timing: "quick" | "document", { seconds }: DemoFacts): string[] {
  const every = timing === "quick" ? "every second" : "every 10 s, every 60 s before the first request";
  const first = `A front proxy that checks blue's and yellow's side-cars ${every}, ready after ${seconds} s.`;
  if (checks === "tcp") return [first];
  const healthyAfter = timing === "quick" ? "about 7 s" : "about 75 s";
  return [
    first,
    "The apps sleep for 5 s on their first probe, so that it fails: they count as healthy after two good ones, in",
    `${healthyAfter}. Until then both get requests all the same, because none is healthy (panic).`,
  ];
}

function trials(checks: "http" | "tcp", { port, pid, folder }: DemoFacts): string[] {
  const front = `http://127.0.0.1:${port(FRONT)}`;
  const admin = `http://127.0.0.1:${port(FRONT_ADMIN)}`;
  const blue = `http://127.0.0.1:${port(BLUE)}`;
  const watch = [
    `  while true; do curl ${front}; sleep 1; done     # yellow and blue in turn`,
    `  curl ${admin}/listeners`,
    `  curl ${admin}/clusters                  # see health_flags`,
    `  curl -s ${admin}/stats | grep health_check`,
  ];
  if (checks === "http") {
    return [
      ...watch,
      `  curl ${front}/livez                     # OK`,
      `  curl -X POST -d 'livez=FAIL' ${blue}/livez     # the next probe of blue takes it out`,
      `  curl -X POST -d 'livez=OK' ${blue}/livez       # two good ones bring it back`,
    ];
  }
  const title = sidecarOf("blue");
  const again = `node ${fileURLToPath(launcherUrl)} -c ${folder}/${fileName(title)} --concurrency 1 -l error`;
  return [
    ...watch,
    `  kill ${pid(title)}     # stops blue's side-car: two failed probes take it out`,
    `  ${again}     # starts it again: two good ones bring it back`,
  ];
}

function demoApp(name: string, sidecarPort: number): DemoService {
  return {
    title: `demo app of ${name}`,
    program: appUrl("demoapp"),
    port: sidecarPort + TO_APP,
    isShown: false,
    args: (real) => ["--host=127.0.0.1", `--port=${real}`, `--server-name=${name}`, "--server-ip=127.0.0.1"],
  };
}

function sidecar(name: string, port: number): DemoProxy {
  return {
    title: sidecarOf(name),
    file: "health-checks/envoy-sidecar-proxy.yaml",
    workers: 1,
    adminPort: port + TO_ADMIN,
    waits: false,
    readyStat: null,
    flags: () => [],
    ports: { [BLUE]: port, [BLUE + TO_APP]: port + TO_APP, [BLUE + TO_ADMIN]: port + TO_ADMIN },
    edit: (yaml) => yaml,
  };
}

function sidecarOf(name: string): string {
  return `side-car of ${name}`;
}

/** The document's file with a check every second; a reader who types does not wait for minutes. */
function quick(yaml: string): string {
  return yaml
    .replace("timeout: 5s", "timeout: 1s")
    .replace("interval: 10s", "interval: 1s\n      no_traffic_interval: 1s");
}

const FRONT = 8080;
const FRONT_ADMIN = 9901;
const BLUE = 8003;
const YELLOW = 8004;
/** From a side-car's port to those of its app and its admin page. */
const TO_APP = 20;
const TO_ADMIN = 1_900;
