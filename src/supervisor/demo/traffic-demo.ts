// The demo of the traffic shifting document: three versions of a service behind one proxy that shifts on one port and splits on another,
// and a line with the live shares.
import { appUrl } from "../../base/location.ts";
import { type DemoFacts, type DemoLayout, type DemoService, same } from "./layout.ts";

const SHIFT = 8_200;
const SPLIT = 8_210;
const ADMIN = 8_219;
const VERSIONS: readonly number[] = [1, 2, 3];

/** What `starling demo --traffic` runs. */
export const TRAFFIC_DEMO: DemoLayout = {
  intro: "Starting three versions of a service behind one proxy on loopback …",
  services: [...VERSIONS.map(version), shares()],
  proxies: [
    {
      title: "front proxy",
      file: "traffic-shift/traffic-shift.yaml",
      workers: 2,
      adminPort: ADMIN,
      waits: false,
      readyStat: null,
      flags: () => [],
      ports: same(SHIFT, SPLIT, ADMIN, ...VERSIONS.map(portOf)),
      edit: (yaml) => yaml,
    },
  ],
  brokerPort: null,
  guide,
};

function guide({ port, seconds }: DemoFacts): readonly string[] {
  const admin = `http://127.0.0.1:${port(ADMIN)}`;
  const shift = (value: string): string => `  curl -X POST '${admin}/runtime_modify?${SHIFT_KEY}=${value}'`;
  const split = (...weights: string[]): string => {
    const keys = weights.map((weight, at) => `${SPLIT_PREFIX}.helloworld_v${at + 1}=${weight}`);
    return `  curl -X POST '${admin}/runtime_modify?${keys.join("&")}'`;
  };
  return [
    `One proxy, ready after ${seconds} s: port ${port(SHIFT)} shifts from v1 to v2, port ${port(SPLIT)} splits between three versions.`,
    "Shares of 200 requests a second on each follow below: a line when they moved.",
    "",
    "Try, in another terminal; each holds from the next request on:",
    `${shift("100")}     # all to v1`,
    `${shift("50")}     # half and half; 90, 10, 33.3 and {"numerator":255,"denominator":"TEN_THOUSAND"} work as well`,
    `${shift("0")}     # all to v2: the shift is over`,
    `${shift("")}     # back to the file's 50 %`,
    `${split("0", "50", "50")}     # v2 and v3 half each`,
    `${split("25", "25", "50")}     # weights need not sum to 100`,
    `${split("0", "0", "0")}     # nobody: 404`,
    `${split("", "", "")}     # back to the file's 33, 33, 34`,
    `  curl -s ${admin}/runtime     # what each layer says`,
    `  curl -s http://127.0.0.1:${port(SHIFT)}/`,
  ];
}

function version(number: number): DemoService {
  return {
    title: `helloworld v${number}`,
    program: appUrl("demoapp"),
    port: portOf(number),
    isShown: false,
    args: (real) => ["--host=127.0.0.1", `--port=${real}`, `--server-name=v${number}`, "--server-ip=127.0.0.1"],
  };
}

function shares(): DemoService {
  return {
    title: "client",
    program: appUrl("traffic-shares"),
    // It listens on nothing: the port of what it asks.
    port: SHIFT,
    isShown: true,
    args: (real, port) => [`--target=shift=${real}`, `--target=split=${port(SPLIT)}`, "--attached"],
  };
}

function portOf(version: number): number {
  return SHIFT + version;
}

const SHIFT_KEY = "routing.traffic_shift.helloworld";
const SPLIT_PREFIX = "routing.traffic_split.helloworld";
