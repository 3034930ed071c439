// A management server for gRPC's own xDS client: tells it one service with one endpoint, and hands its load reports on, byte by byte, to a
// server of load reports. gRPC reports to the server that it has its clusters from.
import {
  Client,
  credentials,
  type handleBidiStreamingCall,
  type MethodDefinition,
  Server,
  ServerCredentials,
} from "@grpc/grpc-js";
import type { JsonValue } from "../../src/config/load/checked.ts";
import { loadJsonValue, loadWireMessage } from "../../src/config/load/load-wire.ts";
import { toProtoJson } from "../../src/config/load/to-proto-json.ts";
import { toWire } from "../../src/config/load/write-wire.ts";
import { LRS_METHOD } from "../../src/control/load/server/read-message.ts";

const ADS_METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";
const REQUEST = "envoy.service.discovery.v3.DiscoveryRequest";
const RESPONSE = "envoy.service.discovery.v3.DiscoveryResponse";

/** A listening one. */
export interface ManagementServer {
  readonly port: number;
  close(): void;
}

/** Serves `xds:///svc`, whose cluster is called local_service and whose endpoint is on this port. */
export async function startManagementServer(endpointPort: number, lrsPort: number): Promise<ManagementServer> {
  const server = new Server();
  const lrs = new Client(`127.0.0.1:${lrsPort}`, credentials.createInsecure());
  server.addService({ ads: methodOf(ADS_METHOD) }, { ads: adsHandler(endpointPort) });
  const relay: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    const onward = lrs.makeBidiStreamRequest(LRS_METHOD, keep, keep);
    call.on("data", (bytes: Buffer) => onward.write(bytes));
    call.on("end", () => onward.end());
    call.on("cancelled", () => onward.cancel());
    onward.on("data", (bytes: Buffer) => call.write(bytes));
    onward.on("end", () => call.end());
    onward.on("error", () => call.end());
  };
  server.addService({ lrs: methodOf(LRS_METHOD) }, { lrs: relay });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return {
    port,
    close: () => {
      server.forceShutdown();
      lrs.close();
    },
  };
}

function adsHandler(endpointPort: number): handleBidiStreamingCall<Buffer, Buffer> {
  const resources = resourcesOf(endpointPort);
  return (call) => {
    const answered = new Set<string>();
    call.on("data", (bytes: Buffer) => {
      const { message } = loadWireMessage(bytes, REQUEST, "client");
      const { type_url: typeUrl = "" } = message === null ? {} : (toProtoJson(message) as { type_url?: string });
      const resource = resources[typeUrl];
      if (resource === undefined || answered.has(typeUrl)) return;
      answered.add(typeUrl);
      const response = {
        version_info: "1",
        nonce: "1",
        type_url: typeUrl,
        resources: [{ "@type": typeUrl, ...resource }],
      };
      call.write(bytesOf(response));
    });
    call.on("end", () => call.end());
  };
}

function bytesOf(response: { readonly [name: string]: JsonValue }): Buffer {
  const { message, errors } = loadJsonValue(response, RESPONSE, "test");
  if (message === null) throw new Error(JSON.stringify(errors));
  return keep(toWire(message));
}

function resourcesOf(port: number): Readonly<Record<string, { readonly [name: string]: JsonValue }>> {
  const ads = { ads: {}, resource_api_version: "V3" };
  const http = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  const router = { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" };
  const routes = [{ match: { prefix: "" }, route: { cluster: "local_service" } }];
  return {
    "type.googleapis.com/envoy.config.listener.v3.Listener": {
      name: "svc",
      api_listener: {
        api_listener: {
          "@type": http,
          stat_prefix: "s",
          route_config: { name: "r", virtual_hosts: [{ name: "v", domains: ["*"], routes }] },
          http_filters: [{ name: "router", typed_config: router }],
        },
      },
    },
    "type.googleapis.com/envoy.config.cluster.v3.Cluster": {
      ...{ name: "local_service", type: "EDS", lb_policy: "ROUND_ROBIN", lrs_server: { self: {} } },
      eds_cluster_config: { eds_config: ads, service_name: "shop" },
    },
    "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment": {
      cluster_name: "shop",
      endpoints: [
        {
          locality: { region: "r1", zone: "z1" },
          load_balancing_weight: 1,
          lb_endpoints: [{ endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } } }],
        },
      ],
    },
  };
}

function methodOf(path: string): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: keep,
    requestDeserialize: keep,
    responseSerialize: keep,
    responseDeserialize: keep,
  };
}

function keep(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes);
}
