// /mesh/<node>/…: another member's admin pages through this node's admin address. Members only, as heard lately; reading only; addresses
// only, so that no name of a peer's choice is looked up. Called by admin-server.ts.
import type { IncomingMessage, ServerResponse } from "node:http";
import proxy from "http2-proxy";
import { parseIp } from "../../base/ip-address.ts";
import { systemText } from "../../base/system-text.ts";
import type { MemberView } from "../../messages/mesh-view.ts";
import { printable } from "../mesh/events/read-event.ts";
import { type AdminGuard, type Refusal, refusal } from "./guard.ts";
import { NODE_HEADER, nodeHeader } from "./node-field.ts";
import { TAP_PATH } from "./tap/tap.ts";
import type { MeshSource } from "./view.ts";

/** Whether a path is another node's. */
export function isForwarded(path: string): boolean {
  return FORWARDED.test(path);
}

/** Forwards the request and its answer; else says why not. Null: the answer is under way. */
export async function forwardToMember(
  mesh: MeshSource,
  guard: AdminGuard,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Refusal | null> {
  const { node = "", path = "/", query = "" } = FORWARDED.exec(request.url ?? "")?.groups ?? {};
  const name = decoded(node);
  if (name === null) return refusal("the node's name is not encoded well\n", 400);
  if (request.method !== "GET" && request.method !== "HEAD") {
    request.resume();
    return refusal("only GET is forwarded: change a node at its own admin address\n", 405);
  }
  const why = path === TAP_PATH ? guard.refusesTap(request, mesh.node) : null;
  if (why !== null) return why;
  const view = await mesh.view({ cluster: "", endpointsMax: 0 });
  if (view === null) return refusal("the mesh actor does not answer; it is restarted when it has died\n", 503);
  const member = view.members.find((one) => one.node === name);
  const target = targetOf(name, member);
  if (typeof target === "string") {
    const known = view.members.map((one) => encodeURIComponent(one.node)).join(", ");
    return refusal(printable(`${target}; members: ${known}`).concat("\n"), 404);
  }
  // Whoever is there gets no token: only the word of this node that it was the right one.
  const proof = path === TAP_PATH ? guard.proof(name, path + query) : null;
  if (proof === null) delete request.headers.authorization;
  else request.headers.authorization = proof;
  const options = { ...target, path: path + query, proxyTimeout: TIMEOUT_MS, proxyName: VIA };
  try {
    await proxy.web(request, response, {
      ...options,
      // The package's types take the peer's answer for one of ours.
      onRes: (_, to, answer) => pass(name, answer as unknown as IncomingMessage, to),
    });
    return null;
  } catch (error) {
    const status = (error as { readonly statusCode?: number }).statusCode ?? 502;
    const says = `${name} at ${member?.adminAddress} does not answer: ${systemText(error)}`;
    return response.headersSent || response.destroyed ? null : refusal(`${printable(says)}\n`, status);
  }
}

/** Or why there is nowhere to go. */
function targetOf(
  name: string,
  member: MemberView | undefined,
): { readonly hostname: string; readonly port: number } | string {
  if (member === undefined) return `no node '${name}' is known`;
  if (member.life === "gone" || member.life === "left") return `the node '${name}' is gone`;
  if (member.adminAddress === "") return `the node '${name}' has no admin pages`;
  const { host = "", port = "" } = ADDRESS.exec(member.adminAddress)?.groups ?? {};
  const hostname = host.replace(/^\[(.*)\]$/, "$1");
  if (parseIp(hostname) === null) return `the node '${name}' names no address, but '${member.adminAddress}'`;
  return { hostname, port: Number(port) };
}

/** A loopback address of another machine is somebody else here: nothing of its answer is shown. */
async function pass(name: string, answer: IncomingMessage, response: ServerResponse): Promise<void> {
  const { headers, statusCode = 502 } = answer;
  if (headers[NODE_HEADER] !== nodeHeader(name))
    throw Object.assign(new Error("somebody else is there"), { statusCode: 502 });
  response.statusCode = statusCode;
  for (const [field, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(field, value);
  answer.pipe(response);
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/** The rest of the path stays as it came, query included. */
const FORWARDED = /^\/mesh\/(?<node>[^/?]+)(?<path>\/[^?]*)?(?<query>\?.*)?$/;
const ADDRESS = /^(?<host>\[[^\]]+\]|[^:]+):(?<port>\d{1,5})$/;
const TIMEOUT_MS = 5_000;
/** In `via`: a request that was forwarded once is not forwarded again. */
const VIA = "starling";
