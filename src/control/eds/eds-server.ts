// The discovery services over gRPC: which methods there are. Knows no endpoint and no subscription. Called by eds-actor.ts.
import { BidiServer, type BidiServerOwner } from "../grpc/bidi-server.ts";
import { REQUEST_BYTES_MAX } from "./limits.ts";
import type { Dialect } from "./xds.ts";

/** What a stream speaks. */
export interface EdsStream {
  readonly dialect: Dialect;
  /** It may ask for any type. */
  readonly isAggregated: boolean;
}

/** Serves EndpointDiscoveryService and AggregatedDiscoveryService, each in both variants. */
export function edsServer(owner: BidiServerOwner<EdsStream>): BidiServer<EdsStream> {
  return new BidiServer(owner, METHODS, { requestBytesMax: REQUEST_BYTES_MAX });
}

const EDS = "/envoy.service.endpoint.v3.EndpointDiscoveryService";
const ADS = "/envoy.service.discovery.v3.AggregatedDiscoveryService";
const METHODS = [
  { path: `${EDS}/StreamEndpoints`, how: { dialect: "sotw", isAggregated: false } },
  { path: `${EDS}/DeltaEndpoints`, how: { dialect: "delta", isAggregated: false } },
  { path: `${ADS}/StreamAggregatedResources`, how: { dialect: "sotw", isAggregated: true } },
  { path: `${ADS}/DeltaAggregatedResources`, how: { dialect: "delta", isAggregated: true } },
] as const;
