// A name that one process of this machine (of this network name space) can hold at a time. Called by the demo.
import { createServer } from "node:net";
import { codeOf } from "../base/system-text.ts";
import { pipePath } from "./pipe-path.ts";

/** Gives the name back; it is free again too when the process ends, however it does. */
export type ReleaseName = () => void;

/** Takes the name. Null: another has it. Where the kernel knows no abstract socket names everybody has it. */
export function holdName(name: string): Promise<ReleaseName | null> {
  const server = createServer((socket) => socket.destroy());
  server.unref();
  return new Promise((resolve) => {
    server.once("error", (error) => resolve(codeOf(error) === "EADDRINUSE" ? null : () => {}));
    server.listen({ path: pipePath(`@${name}`), exclusive: true }, () => resolve(() => void server.close()));
  });
}
