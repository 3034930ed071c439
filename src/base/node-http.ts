// Node's HTTP module, for the few that need it (admin pages, starling top). Not by `import`: that makes a namespace of all its exports, asks
// each for its value, and so loads Node's WebSocket and fetch with it, a fifth of what a start costs.
import type * as Http from "node:http";

const http: typeof Http = process.getBuiltinModule("node:http");

export const createServer: typeof http.createServer = http.createServer;
export const get: typeof http.get = http.get;
export const Agent: typeof http.Agent = http.Agent;
