// The front-proxy document run on its own files by one program: front proxy, sidecars and services, on free ports.
import type { Server } from "node:http";
import { closeService, helloService } from "./hello-service.ts";
import { goldenText, LiveProxy, PortMap, type Program } from "./live-proxy.ts";

/** Ports of the golden files. */
export const ADMIN = 21101;
/** Its cleartext listener. */
export const FRONT = 21180;
/** Its TLS listener. */
export const FRONT_TLS = 21143;
const SIDECARS: readonly (readonly [string, number, number, number])[] = [
  ["front-proxy.service1-envoy-1.yaml", 21111, 21131, 21161],
  ["front-proxy.service1-envoy-2.yaml", 21112, 21132, 21162],
  ["front-proxy.service1-envoy-3.yaml", 21113, 21133, 21163],
  ["front-proxy.service2-envoy-1.yaml", 21121, 21141, 21171],
];

/** A front proxy, four sidecars of the same program, and their services. */
export class Flock {
  readonly ports: PortMap = new PortMap();
  private readonly proxies: LiveProxy[] = [];
  private readonly services: Server[] = [];
  private code: Promise<number | null> | null = null;

  /** Starts everything. */
  static async start(program: Program): Promise<Flock> {
    const flock = new Flock();
    await flock.ports.take(ADMIN, FRONT, FRONT_TLS, ...SIDECARS.flatMap(([, ...ports]) => ports));
    for (const [i, [file, , service, admin]] of SIDECARS.entries()) {
      const hostname = i < 3 ? `service1-${i + 1}` : "service2-1";
      flock.services.push(await helloService(flock.ports.get(service), hostname));
      flock.proxies.push(
        await LiveProxy.start(program, flock.ports.apply(goldenText(`envoy/${file}`)), flock.ports.get(admin)),
      );
    }
    const front = flock.ports.apply(goldenText("envoy/front-proxy.front-envoy-scaled3.yaml"));
    flock.proxies.push(await LiveProxy.start(program, front, flock.ports.get(ADMIN)));
    return flock;
  }

  /** A page of the front proxy. */
  async admin(path: string): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.ports.get(ADMIN)}${path}`)).text();
  }

  /** A text with the names that ports have in the files. */
  withoutPorts(text: string): string {
    return this.ports.hide(text, [ADMIN, FRONT, FRONT_TLS, ...SIDECARS.map(([, port]) => port)]);
  }

  /** Ends everything; the front proxy's exit code. */
  stop(): Promise<number | null> {
    this.code ??= this.stopAll();
    return this.code;
  }

  private async stopAll(): Promise<number | null> {
    const codes = await Promise.all(this.proxies.map((proxy) => proxy.stop()));
    await Promise.all(this.services.map(closeService));
    return codes.at(-1) ?? null;
  }
}
