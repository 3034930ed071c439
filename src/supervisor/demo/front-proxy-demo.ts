// The demo of the front-proxy document: three instances of service 1 and one of service 2, a proxy beside each, a front proxy; and what
// the document has not: a second front proxy and a node that only checks, in one mesh with the first.
import { fileURLToPath } from "node:url";
import { appUrl, launcherUrl } from "../../base/location.ts";
import { type DemoFacts, type DemoLayout, type DemoProxy, type DemoService, same, serviceArgs } from "./layout.ts";

const BROKER = 14_222;
const SIDECARS = [8011, 8012, 8013, 8021] as const;

/** What `starling demo` runs. */
export const FRONT_PROXY_DEMO: DemoLayout = {
  intro: "Starting two front proxies, a node that checks, two services and a proxy beside each instance, on loopback …",
  services: [
    service("service 1 (first instance)", 1, "service1-a", 9011),
    service("service 1 (second instance)", 1, "service1-b", 9012),
    service("service 1 (third instance)", 1, "service1-c", 9013),
    service("service 2", 2, "service2-a", 9021),
  ],
  proxies: [
    sidecar("service1-proxy.yaml", "proxy of service 1 (first instance)", 8011),
    sidecar("service1-proxy.yaml", "proxy of service 1 (second instance)", 8012),
    sidecar("service1-proxy.yaml", "proxy of service 1 (third instance)", 8013),
    sidecar("service2-proxy.yaml", "proxy of service 2", 8021),
    front("front proxy", 2, same(8080, 8443, 8001), []),
    front("second front proxy", 1, { 8080: 8090, 8443: 8453, 8001: 8002 }, []),
    front("health-check node", 1, { 8080: 8100, 8443: 8463, 8001: 8003 }, ["--roles", "health"]),
  ],
  brokerPort: BROKER,
  guide,
};

function guide({ port, seconds }: DemoFacts): readonly string[] {
  const front = `127.0.0.1:${port(8080)}`;
  const admin = `http://127.0.0.1:${port(8001)}`;
  const [second, checker] = [`http://127.0.0.1:${port(8002)}`, `http://127.0.0.1:${port(8003)}`];
  const broken = `http://127.0.0.1:${port(9011)}`;
  const starling = `node ${fileURLToPath(launcherUrl)}`;
  return [
    `A front proxy with two workers, three instances of service 1 and one of service 2, ready after ${seconds} s.`,
    "Beside it a second front proxy and a node that only checks: in one mesh, two of the three check each endpoint.",
    "",
    "Try, in another terminal:",
    `  curl -v http://${front}/service/1     # again and again: three hostnames`,
    `  curl -v http://${front}/service/2`,
    `  curl -kv https://127.0.0.1:${port(8443)}/service/1`,
    `  curl ${admin}/ready`,
    `  curl ${admin}/server_info`,
    `  curl '${admin}/stats?filter=service1'`,
    `  curl ${admin}/clusters`,
    "",
    "Break an endpoint and watch the mesh:",
    `  ${starling} events --follow --mesh embedded:${port(BROKER)}`,
    `  curl -d fail ${broken}     # the first instance of service 1 fails its checks`,
    `  curl -s ${second}/clusters | grep health_flags     # out on both front proxies`,
    `  curl -d ok ${broken}     # two good checks bring it back`,
    `  curl ${checker}/ready     # the node that only checks`,
  ];
}

function service(title: string, number: 1 | 2, hostname: string, port: number): DemoService {
  const args = (real: number): string[] => serviceArgs(real, number, hostname);
  return { title, program: appUrl("service"), port, isShown: false, args };
}

function front(
  title: string,
  workers: number,
  own: Readonly<Record<number, number>>,
  flags: readonly string[],
): DemoProxy {
  return {
    title,
    file: "demo/front-proxy.yaml",
    workers,
    adminPort: own[8001] ?? 8001,
    // Its first checks are to meet side-cars that listen.
    waits: true,
    readyStat: null,
    ports: { ...own, ...same(...SIDECARS) },
    flags: (port) => ["--mesh", `embedded:${port(BROKER)}`, ...flags],
    edit: (yaml) => yaml,
  };
}

function sidecar(file: string, title: string, port: number): DemoProxy {
  const written = file.startsWith("service1") ? 8011 : 8021;
  const ports = { [written]: port, [written + 1000]: port + 1000, [written + 100]: port + 100 };
  const flags = (): readonly string[] => [];
  return {
    title,
    file: `demo/${file}`,
    workers: 1,
    adminPort: port + 100,
    waits: false,
    readyStat: null,
    ports,
    flags,
    edit: (yaml) => yaml,
  };
}
