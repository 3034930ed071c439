// Node's HTTP module, without the WebSocket and fetch that an import of it loads too: half of what one of these programs starts with.
import type * as Http from "node:http";

const http: typeof Http = process.getBuiltinModule("node:http");

export const createServer: typeof http.createServer = http.createServer;
export const request: typeof http.request = http.request;
export const get: typeof http.get = http.get;
export const Agent: typeof http.Agent = http.Agent;
