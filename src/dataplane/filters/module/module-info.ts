// What a filter module may read of its request: asked for when it is read, from what access logs tell.
import type { FilterCall } from "../filter.ts";
import type { StreamInfo } from "./contract.ts";

/** A request's facts as they are now. */
export class ModuleInfo implements StreamInfo {
  private readonly call: () => FilterCall | null;

  constructor(call: () => FilterCall | null) {
    this.call = call;
  }

  get protocol(): StreamInfo["protocol"] {
    return this.call()?.protocol === "http2" ? "HTTP/2" : "HTTP/1.1";
  }

  get downstreamRemoteAddress(): string {
    return this.text("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT");
  }

  get downstreamDirectRemoteAddress(): string {
    return this.text("DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT");
  }

  get virtualHostName(): string {
    return this.call()?.route()?.vhost.plan.name ?? "";
  }

  get routeName(): string {
    return this.call()?.route()?.plan.name ?? "";
  }

  get clusterName(): string {
    return this.call()?.cluster()?.plan.name ?? "";
  }

  get upstreamHost(): string {
    return this.text("UPSTREAM_HOST");
  }

  get responseFlags(): readonly string[] {
    const flags = this.text("RESPONSE_FLAGS");
    return flags === "" || flags === "-" ? [] : flags.split(",");
  }

  get responseCode(): number {
    return Number(this.text("RESPONSE_CODE"));
  }

  get responseCodeDetails(): string {
    return this.text("RESPONSE_CODE_DETAILS");
  }

  private text(operator: string): string {
    return this.call()?.text(operator) ?? "";
  }
}
