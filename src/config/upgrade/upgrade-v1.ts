// Recognises a file of Envoy's v1 API (JSON, before 2018), which nobody serves any more, and makes the v3 file of its routes. Called by
// `starling validate --upgrade`, and by the loader, which names that command.
import { stringify } from "yaml";
import type { Diagnostic } from "../load/checked.ts";
import { Complaints } from "../load/complaints.ts";
import { readYaml } from "../load/read-yaml.ts";
import { v1Mark } from "../load/v1-mark.ts";
import type { Written } from "../load/written.ts";
import { V1Fields, type V3 } from "./v1-fields.ts";
import { upgradeRouteConfig } from "./v1-routes.ts";

/** The v3 file as YAML, null when it has nothing that could be mapped; what is not mapped is an error. */
export interface Upgrade {
  readonly yaml: string | null;
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** Maps a v1 file. Commas before a closing bracket, which JSON does not have, are told and taken. */
export function upgradeV1(text: string, file: string): Upgrade {
  const complaints = new Complaints(file, { allowUnknownFields: false, compat: "starling" });
  const root = readYaml(text.replace(/^\uFEFF/, ""), complaints);
  const yaml = root === null ? null : upgradeRoot(root, text, complaints);
  return { yaml, errors: complaints.sortedErrors(), warnings: complaints.sortedWarnings() };
}

function upgradeRoot(root: Written, text: string, complaints: Complaints): string | null {
  const mark = v1Mark(root);
  if (root.kind !== "map" || mark === null) {
    complaints.error(complaints.start, "", "not a file of Envoy's v1 API: it has no route_config at its top");
    return null;
  }
  tellTrailingCommas(text, complaints);
  const fields = new V1Fields(root, "", complaints);
  const upgraded = fields.child("route_config", upgradeRouteConfig);
  fields.end({
    listeners: "of a v1 bootstrap only route_config is, as a file of its own",
    cluster_manager: "of a v1 bootstrap only route_config is, as a file of its own",
  });
  return upgraded === undefined ? null : bootstrapText(upgraded.routes, [...upgraded.clusters]);
}

/** JSON has no comma before a closing bracket; v1's reader refused it, and the document has one. */
function tellTrailingCommas(text: string, complaints: Complaints): void {
  for (const { index, 0: found } of text.matchAll(/"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])/g)) {
    if (found !== ",") continue;
    const before = text.slice(0, index).split("\n");
    const position = { ...complaints.start, line: before.length, column: (before.at(-1) as string).length + 1 };
    complaints.warn(position, "", "a comma before a closing bracket: JSON has none here; taken out");
  }
}

function bootstrapText(routes: V3, clusters: readonly string[]): string {
  return HEAD + stringify(bootstrap(routes, clusters), { lineWidth: 0, keepUndefined: false });
}

function bootstrap(routes: V3, clusters: readonly string[]): V3 {
  const manager = {
    "@type": `${EXTENSIONS}filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "ingress_http",
    route_config: routes,
    http_filters: [
      { name: "envoy.filters.http.router", typed_config: { "@type": `${EXTENSIONS}filters.http.router.v3.Router` } },
    ],
  };
  return {
    static_resources: {
      listeners: [
        {
          name: "ingress",
          address: address("0.0.0.0", 10_000),
          filter_chains: [
            { filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] },
          ],
        },
      ],
      clusters: clusters.map((name) => ({
        name,
        type: "STRICT_DNS",
        load_assignment: {
          cluster_name: name,
          endpoints: [{ lb_endpoints: [{ endpoint: { address: address(name, 80) } }] }],
        },
      })),
    },
    admin: { address: address("127.0.0.1", 9_901) },
    layered_runtime: { layers: [{ name: "admin", admin_layer: {} }] },
  };
}

function address(host: string, port: number): V3 {
  return { socket_address: { address: host, port_value: port } };
}

const EXTENSIONS = "type.googleapis.com/envoy.extensions.";
const HEAD = `# Made from a route configuration of Envoy's v1 API, which says nothing of listeners, endpoints and admin pages: change what stands here
# for them. Clusters lead to a host of their own name. Runtime keys are set with POST /runtime_modify?KEY=VALUE on the admin address.
`;
