// How this process names itself to operators and control planes: the node of /server_info and of /config_dump.
import type { AdminView } from "./view.ts";

/** Envoy's five parts: revision/version/status/build/TLS library. */
export function versionText(version: string): string {
  return `starling-${version}/${ENVOY_VERSION}/Clean/RELEASE/OpenSSL`;
}

/** `user_agent_name` and `user_agent_build_version`: Starling's. `withZeros`: /server_info prints a patch of 0, /config_dump does not. */
export function userAgent(version: string, withZeros: boolean): Readonly<Record<string, unknown>> {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  const parts = { major_number: major, minor_number: minor, patch };
  return {
    user_agent_name: "starling",
    user_agent_build_version: {
      version: Object.fromEntries(Object.entries(parts).filter(([, value]) => withZeros || value !== 0)),
      metadata: {
        "build.type": "RELEASE",
        "revision.sha": `starling-${version}`,
        "ssl.version": "OpenSSL",
        "revision.status": "Clean",
      },
    },
  };
}

/** The node as the file and the flags make it. */
export function nodeJson({ plan }: Pick<AdminView, "plan">): Readonly<Record<string, unknown>> {
  const { id, cluster, region, zone, subZone, metadata } = plan().node;
  const locality = Object.entries({ region, zone, sub_zone: subZone }).filter(([, text]) => text !== "");
  return {
    id,
    cluster,
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...(locality.length === 0 ? {} : { locality: Object.fromEntries(locality) }),
  };
}

/** The Envoy whose behaviour this is. */
const ENVOY_VERSION = "1.40.0";
