// What the demo consists of, as data: proxies with their configuration files, services, and the ports that the files name.

/** A service instance: a small HTTP program. */
export interface DemoService {
  readonly title: string;
  readonly number: 1 | 2;
  readonly hostname: string;
  readonly port: number;
}

/** A proxy started from a file of config/demo, with some of its ports replaced. */
export interface DemoProxy {
  readonly title: string;
  readonly file: string;
  readonly workers: number;
  readonly adminPort: number;
  /** Ports of the file and what stands for them here, before taken ports are replaced. */
  readonly ports: Readonly<Record<number, number>>;
}

/** Three instances of service 1 and one of service 2. */
export const DEMO_SERVICES: readonly DemoService[] = [
  { title: "service 1 (first instance)", number: 1, hostname: "service1-a", port: 9011 },
  { title: "service 1 (second instance)", number: 1, hostname: "service1-b", port: 9012 },
  { title: "service 1 (third instance)", number: 1, hostname: "service1-c", port: 9013 },
  { title: "service 2", number: 2, hostname: "service2-a", port: 9021 },
];

/** One proxy beside every instance, and the front proxy. */
export const DEMO_PROXIES: readonly DemoProxy[] = [
  sidecar("service1-proxy.yaml", "proxy of service 1 (first instance)", 8011),
  sidecar("service1-proxy.yaml", "proxy of service 1 (second instance)", 8012),
  sidecar("service1-proxy.yaml", "proxy of service 1 (third instance)", 8013),
  sidecar("service2-proxy.yaml", "proxy of service 2", 8021),
  {
    title: "front proxy",
    file: "front-proxy.yaml",
    workers: 2,
    adminPort: 8001,
    ports: same(8080, 8443, 8001, 8011, 8012, 8013, 8021),
  },
];

/** Every port that the demo listens on. */
export const DEMO_PORTS: readonly number[] = [
  ...new Set([...DEMO_SERVICES.map(({ port }) => port), ...DEMO_PROXIES.flatMap(({ ports }) => Object.values(ports))]),
];

/** The file with its ports exchanged: `port_value` fields only. */
export function withPorts(yaml: string, proxy: DemoProxy, real: ReadonlyMap<number, number>): string {
  return yaml.replaceAll(/port_value: (\d+)/g, (whole, digits: string) => {
    const port = proxy.ports[Number(digits)];
    return port === undefined ? whole : `port_value: ${real.get(port) ?? port}`;
  });
}

function sidecar(file: string, title: string, port: number): DemoProxy {
  const written = file.startsWith("service1") ? 8011 : 8021;
  const ports = { [written]: port, [written + 1000]: port + 1000, [written + 100]: port + 100 };
  return { title, file, workers: 1, adminPort: port + 100, ports };
}

function same(...ports: number[]): Record<number, number> {
  return Object.fromEntries(ports.map((port) => [port, port]));
}
