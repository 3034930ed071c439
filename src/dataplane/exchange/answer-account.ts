// What is counted of one request's outcome: the cluster's answers by code, the endpoint's successes and errors, response times.
// Kept by the router; local answers in the upstream's place count as the upstream's, as in Envoy.
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { HOST } from "../../telemetry/host-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import type { Endpoint } from "../upstream/upstream.ts";
import type { AnswerKind, ClusterAnswers } from "./cluster-answers.ts";

/** The account of one request; reused. */
export class AnswerAccount {
  private answers: ClusterAnswers | null = null;
  private readonly kind: { isInternal: boolean; isCanary: boolean } & AnswerKind = {
    isInternal: false,
    isCanary: false,
  };
  /** A gRPC answer has begun and its status is not known. */
  private grpcPending = false;

  /** A cluster was chosen. */
  begin(answers: ClusterAnswers, isInternal: boolean): void {
    this.answers = answers;
    this.kind.isInternal = isInternal;
    this.kind.isCanary = false;
    this.grpcPending = false;
  }

  /** The request is over. */
  clear(): void {
    this.answers = null;
    this.grpcPending = false;
  }

  /** A dead pooled connection was replaced. */
  onReconnect(): void {
    this.answers?.countReconnect();
  }

  /** The answer's head came. A gRPC success waits for grpc-status. */
  onHead(head: HeaderList, end: boolean, isGrpc: boolean, endpoint: Endpoint | null): void {
    const canaryAt = head.find(H.X_ENVOY_UPSTREAM_CANARY);
    this.kind.isCanary = canaryAt >= 0 && head.valueText(canaryAt) === "true";
    this.answers?.charge(head.status, this.kind);
    if (endpoint === null) return;
    if (head.status >= 500) count(endpoint.stats, HOST.at.rq_error);
    else if (!isGrpc) count(endpoint.stats, HOST.at.rq_success);
    else {
      this.grpcPending = true;
      if (end) this.onGrpcStatus(head.value(H.GRPC_STATUS), endpoint);
    }
  }

  /** The answer's end, with the grpc-status of its trailers. */
  onGrpcStatus(status: string | undefined, endpoint: Endpoint | null): void {
    if (!this.grpcPending || endpoint === null) return;
    this.grpcPending = false;
    const isError = status === undefined || GRPC_SERVER_ERRORS.has(status);
    count(endpoint.stats, isError ? HOST.at.rq_error : HOST.at.rq_success);
  }

  /** The answer is complete. */
  onComplete(ms: number): void {
    this.answers?.time(ms, this.kind);
  }

  /** The proxy answers in the upstream's place. */
  onLocal(status: number, endpoint: Endpoint | null): void {
    this.answers?.charge(status, this.kind);
    if (endpoint !== null) count(endpoint.stats, HOST.at.rq_error);
  }

  /** The answer broke off after its head. Says whether it was a gRPC one whose outcome was open. */
  onBroken(endpoint: Endpoint | null): boolean {
    if (!this.grpcPending || endpoint === null) return false;
    this.grpcPending = false;
    count(endpoint.stats, HOST.at.rq_error);
    return true;
  }
}

/** gRPC statuses whose HTTP form is 5xx (Envoy's grpcToHttpStatus): they count as errors of the host. */
const GRPC_SERVER_ERRORS: ReadonlySet<string> = new Set(["2", "4", "12", "13", "14", "15"]);
