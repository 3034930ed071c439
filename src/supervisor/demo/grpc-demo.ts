// The demo of the gRPC document without Kubernetes: three greeter servers, the client's side-car that sends each call to the next one, and
// for comparison a proxy that only sees connections. An HTTP program calls through both.
import { fileURLToPath } from "node:url";
import { appUrl } from "../../base/location.ts";
import { type DemoFacts, type DemoLayout, type DemoProxy, type DemoService, same } from "./layout.ts";

/** What `starling demo --grpc` runs. */
export function grpcDemo(): DemoLayout {
  return {
    intro:
      "Starting three greeter servers, a side-car that balances calls and a proxy that balances connections, on loopback …",
    services: [...POD_NAMES.map((hostname, i) => greeter(hostname, SERVERS[i] as number)), client()],
    proxies: [
      proxy("side-car of the client", "client-sidecar.yaml", SIDECAR, SIDECAR_ADMIN),
      proxy("layer-4 proxy", "l4-like-service.yaml", L4, L4_ADMIN),
    ],
    brokerPort: null,
    guide,
  };
}

function guide({ port, seconds }: DemoFacts): readonly string[] {
  const page = `http://127.0.0.1:${port(CLIENT)}/grpc_client?name=`;
  const twelve = (name: string): string => `  for i in $(seq 12); do curl -s '${page}${name}'; done | sort | uniq -c`;
  const calls = `  ${process.execPath} ${fileURLToPath(appUrl("greeter-client"))} --calls=12 --target=127.0.0.1`;
  return [
    `Three greeter servers and a client that keeps one channel to each of two proxies, ready after ${seconds} s.`,
    "",
    "Try, in another terminal:",
    `  curl '${page}${SERVICE}'     # again and again: three hostnames in turn`,
    `${twelve(SERVICE)}     # 4 calls each`,
    `${twelve(`${SERVICE}-l4`)}     # 12 calls to one`,
    "",
    "One client, one channel, twelve calls:",
    `${calls}:${port(SIDECAR)}     # through the side-car`,
    `${calls}:${port(L4)}     # through the layer-4 proxy`,
    `  curl -s http://127.0.0.1:${port(SIDECAR_ADMIN)}/clusters | grep rq_total`,
    `  curl -s http://127.0.0.1:${port(L4_ADMIN)}/clusters | grep cx_total`,
  ];
}

function greeter(hostname: string, port: number): DemoService {
  const args = (real: number): readonly string[] => [`--port=${real}`, "--host=127.0.0.1", `--hostname=${hostname}`];
  return { title: `server ${hostname}`, program: appUrl("greeter-server"), port, isShown: false, args };
}

function client(): DemoService {
  return {
    title: "client",
    program: appUrl("greeter-client"),
    port: CLIENT,
    isShown: false,
    args: (real, port) => [
      `--port=${real}`,
      "--host=127.0.0.1",
      `--service=${SERVICE}=127.0.0.1:${port(SIDECAR)}`,
      `--service=${SERVICE}-l4=127.0.0.1:${port(L4)}`,
    ],
  };
}

function proxy(title: string, file: string, port: number, adminPort: number): DemoProxy {
  return {
    title,
    file: `grpc/${file}`,
    // A channel is one connection, and so one worker's.
    workers: 1,
    adminPort,
    waits: false,
    readyStat: null,
    flags: () => [],
    ports: { ...same(...SERVERS), [SIDECAR]: port, [SIDECAR_ADMIN]: adminPort },
    edit: (yaml) => yaml,
  };
}

/** The document's pods. */
const POD_NAMES = ["5m7dl", "xprjz", "nz8h5"].map((pod) => `native-tools-2-5fbf46cf54-${pod}`);
const SERVICE = "native-tools-2";
const SERVERS: readonly number[] = [21_351, 21_352, 21_353];
const SIDECAR = 21_350;
const SIDECAR_ADMIN = 21_399;
const L4 = 21_340;
const L4_ADMIN = 21_389;
const CLIENT = 8_081;
