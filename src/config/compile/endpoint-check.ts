// Endpoint.HealthCheckConfig to EndpointCheckPlan. Called by endpoint.ts.

import { wireText } from "../../base/wire-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { child, count, flag, has, text } from "../load/fields.ts";
import { type EndpointCheckPlan, NO_ENDPOINT_CHECK } from "../plan/health-check.ts";
import { compileAddress } from "./address.ts";
import type { CompileContext } from "./context.ts";

/** Compiles how one endpoint is checked; an absent message changes nothing. */
export function compileEndpointCheck(context: CompileContext, config: CheckedMessage | undefined): EndpointCheckPlan {
  if (config === undefined) return NO_ENDPOINT_CHECK;
  const address = addressOf(context, config);
  const hostname = text(config, "hostname") ?? "";
  if (LINE_BREAK.test(hostname)) {
    context.refuse(config, "hostname", "a host with line breaks", "give a host name");
  }
  return {
    port: count(config, "port_value") || address.port,
    address: address.host,
    hostname: wireText(hostname),
    disabled: flag(config, "disable_active_health_check") ?? false,
  };
}

function addressOf(context: CompileContext, config: CheckedMessage): { readonly host: string; readonly port: number } {
  const message = child(config, "address");
  if (message === undefined) return NO_ADDRESS;
  if (has(message, "pipe")) {
    context.refuse(message, "pipe", "a pipe as health check address", "give a socket_address, or leave it out");
    return NO_ADDRESS;
  }
  const address = compileAddress(context, message, "ip");
  return address?.kind === "socket" ? address : NO_ADDRESS;
}

const NO_ADDRESS = { host: "", port: 0 };
const LINE_BREAK = /[\0\r\n]/;
