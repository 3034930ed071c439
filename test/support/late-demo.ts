// The child of demo.test.ts: a demo of one service that takes its time before it listens, and, with a port, that service.
import { createServer } from "node:net";
import { checkAddressFree, findFreePort } from "../../src/net/probe.ts";
import { demo } from "../../src/supervisor/demo/demo.ts";
import type { DemoFacts, DemoService } from "../../src/supervisor/demo/layout.ts";

const LATE_MS = 500;
const [port] = process.argv.slice(2);

const service: DemoService = {
  title: "late service",
  program: new URL(import.meta.url),
  port: 8_000,
  isShown: false,
  args: (real) => [String(real)],
};

if (port === undefined) {
  const guide = ({ seconds }: DemoFacts): string[] => [`Ready after ${seconds} s`];
  const layout = { intro: "Starting …", services: [service], proxies: [], brokerPort: null, guide };
  await demo(layout, { checkAddressFree, findFreePort });
} else {
  setTimeout(() => createServer().listen(Number(port), "127.0.0.1"), LATE_MS);
}
