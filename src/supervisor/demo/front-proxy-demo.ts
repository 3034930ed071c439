// The demo of the front-proxy document: three instances of service 1 and one of service 2, a proxy beside each, a front proxy.
import { programUrl } from "../../base/location.ts";
import { type DemoFacts, type DemoLayout, type DemoProxy, type DemoService, same } from "./layout.ts";

/** What `starling demo` runs. */
export const FRONT_PROXY_DEMO: DemoLayout = {
  intro: "Starting a front proxy, two services and a proxy beside each instance, on loopback …",
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
    {
      title: "front proxy",
      file: "demo/front-proxy.yaml",
      workers: 2,
      adminPort: 8001,
      waits: false,
      ports: same(8080, 8443, 8001, 8011, 8012, 8013, 8021),
      edit: (yaml) => yaml,
    },
  ],
  guide,
};

function guide({ port, seconds }: DemoFacts): readonly string[] {
  const front = `127.0.0.1:${port(8080)}`;
  const admin = `http://127.0.0.1:${port(8001)}`;
  return [
    `A front proxy with two workers, three instances of service 1 and one of service 2, ready after ${seconds} s.`,
    "",
    "Try, in another terminal:",
    `  curl -v http://${front}/service/1     # again and again: three hostnames`,
    `  curl -v http://${front}/service/2`,
    `  curl -kv https://127.0.0.1:${port(8443)}/service/1`,
    `  curl ${admin}/ready`,
    `  curl ${admin}/server_info`,
    `  curl '${admin}/stats?filter=service1'`,
    `  curl ${admin}/clusters`,
  ];
}

function service(title: string, number: 1 | 2, hostname: string, port: number): DemoService {
  const program = programUrl("supervisor/demo/service");
  return { title, program, port, args: (real) => [String(real), String(number), hostname] };
}

function sidecar(file: string, title: string, port: number): DemoProxy {
  const written = file.startsWith("service1") ? 8011 : 8021;
  const ports = { [written]: port, [written + 1000]: port + 1000, [written + 100]: port + 100 };
  return { title, file: `demo/${file}`, workers: 1, adminPort: port + 100, waits: false, ports, edit: (yaml) => yaml };
}
