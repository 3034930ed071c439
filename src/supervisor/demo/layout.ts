// What a demo consists of, as data: proxies with their configuration files, services, and what its reader can type.

/** One demo. */
export interface DemoLayout {
  /** Said at once: what is being started. */
  readonly intro: string;
  readonly services: readonly DemoService[];
  readonly proxies: readonly DemoProxy[];
  /** Port of the broker of the mesh that the proxies form; null: they form none. */
  readonly brokerPort: number | null;
  /** Said when every proxy is ready and every service listens. */
  guide(facts: DemoFacts): readonly string[];
}

/** A service instance: a small program, HTTP for most. */
export interface DemoService {
  readonly title: string;
  readonly program: URL;
  /** Somebody listens on it when the service does its work. */
  readonly port: number;
  /** What it prints is printed. */
  readonly isShown: boolean;
  /** Its arguments with the port it got; `port` gives the real one for any other documented one. */
  args(real: number, port: (documented: number) => number): readonly string[];
}

/** A proxy started from a file of config/, with some of its ports replaced. */
export interface DemoProxy {
  readonly title: string;
  /** Under config/. */
  readonly file: string;
  readonly workers: number;
  readonly adminPort: number;
  /** Beside those that every proxy has; `port` gives the real one for a documented one. */
  flags(port: (documented: number) => number): readonly string[];
  /** Started when those that do not wait are ready, and all services listen. */
  readonly waits: boolean;
  /** One of its statistics that is not 0 once it does what the guide says; null: that it is LIVE is enough. */
  readonly readyStat: string | null;
  /** Ports of the file and what stands for them here, before taken ports are replaced. */
  readonly ports: Readonly<Record<number, number>>;
  /** What else differs from the file. */
  edit(yaml: string): string;
}

/** What a guide can tell only when everything runs. */
export interface DemoFacts {
  /** Time until every proxy was ready. */
  readonly seconds: string;
  /** The folder of the files that the proxies run from. */
  readonly folder: string;
  /** The real port for a documented one. */
  port(documented: number): number;
  /** The process of a proxy or service. */
  pid(title: string): number;
}

/** Every port that a demo listens on. */
export function portsOf(layout: DemoLayout): readonly number[] {
  const ports = layout.proxies.flatMap((proxy) => Object.values(proxy.ports));
  const broker = layout.brokerPort === null ? [] : [layout.brokerPort];
  return [...new Set([...layout.services.map(({ port }) => port), ...ports, ...broker])];
}

/** The text a proxy is started with: its file with the ports of `port_value` fields exchanged, and its edit. */
export function fileText(yaml: string, proxy: DemoProxy, real: ReadonlyMap<number, number>): string {
  return proxy.edit(yaml).replaceAll(/port_value: (\d+)/g, (whole, digits: string) => {
    const port = proxy.ports[Number(digits)];
    return port === undefined ? whole : `port_value: ${real.get(port) ?? port}`;
  });
}

/** The name of that file in the demo's folder. */
export function fileName(title: string): string {
  return `${title.replaceAll(/\W+/g, "-")}.yaml`;
}

/** The arguments of compose/apps/service as a child of the demo. */
export function serviceArgs(port: number, number: number, name: string): string[] {
  const facts = { port, host: LOOPBACK, number, name, address: LOOPBACK };
  return [...Object.entries(facts).map(([flag, value]) => `--${flag}=${value}`), "--attached"];
}

/** Ports that stand for themselves. */
export function same(...ports: number[]): Record<number, number> {
  return Object.fromEntries(ports.map((port) => [port, port]));
}

const LOOPBACK = "127.0.0.1";
