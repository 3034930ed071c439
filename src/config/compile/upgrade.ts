// upgrade_configs of connection managers and of routes. Called by http-connection-manager.ts and route-action.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, flag, text } from "../load/fields.ts";
import type { RouteUpgradePlan } from "../plan/route.ts";
import type { CompileContext } from "./context.ts";

/** The types that a manager allows, in lower case. */
export function compileUpgradeTypes(context: CompileContext, manager: CheckedMessage): string[] {
  const seen = new Set<string>();
  return children(manager, "upgrade_configs").flatMap((upgrade) => {
    const type = typeOf(context, upgrade);
    if (seen.has(type)) {
      const says = `Error: multiple upgrade configs with the same name: '${text(upgrade, "upgrade_type") ?? ""}'`;
      context.error(upgrade, "upgrade_type", says);
    }
    seen.add(type);
    if (children(upgrade, "filters").length > 0) {
      context.refuse(upgrade, "filters", "a filter chain of its own for upgrades", "leave filters out");
    }
    return (flag(upgrade, "enabled") ?? true) ? [type] : [];
  });
}

/** What a route says of upgrades. */
export function compileRouteUpgrades(context: CompileContext, action: CheckedMessage): RouteUpgradePlan[] {
  const seen = new Set<string>();
  return children(action, "upgrade_configs").map((upgrade) => {
    const type = typeOf(context, upgrade);
    if (seen.has(type))
      context.error(upgrade, "upgrade_type", `Duplicate upgrade ${text(upgrade, "upgrade_type") ?? ""}`);
    seen.add(type);
    const connect = child(upgrade, "connect_config");
    if (connect !== undefined) {
      if (type !== "connect") {
        const says = `Non-CONNECT upgrade type ${text(upgrade, "upgrade_type") ?? ""} has ConnectConfig`;
        context.error(upgrade, "connect_config", says);
      }
      if (connect.fields["proxy_protocol_config"] !== undefined) {
        context.refuse(connect, "proxy_protocol_config", "the PROXY protocol", "leave it out");
      }
      if (flag(connect, "allow_post") === true) {
        context.refuse(connect, "allow_post", "tunnels by POST", "let the client send CONNECT");
      }
    }
    return { type, enabled: flag(upgrade, "enabled") ?? true, endsConnect: connect !== undefined };
  });
}

function typeOf(context: CompileContext, upgrade: CheckedMessage): string {
  const type = (text(upgrade, "upgrade_type") ?? "").toLowerCase();
  if (type === "connect-udp") {
    context.refuse(upgrade, "upgrade_type", "CONNECT-UDP", "tunnel TCP with CONNECT");
  }
  return type;
}
