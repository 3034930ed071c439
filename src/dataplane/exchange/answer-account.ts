// What is counted of one request's outcome: the cluster's answers by code, the endpoint's successes and errors, response times.
// And what outlier detection is told of its attempts. Kept by the router; local answers in the upstream's place count as the upstream's, as in Envoy.

import { httpStatusOfGrpc } from "../../protocol/grpc-status.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { HOST } from "../../telemetry/host-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import type { OutlierMonitor } from "../upstream/outlier-monitor.ts";
import type { Cluster, Endpoint } from "../upstream/upstream.ts";
import type { AnswerKind, ClusterAnswers } from "./cluster-answers.ts";
import type { RequestGroups } from "./request-groups.ts";

/** The account of one request; reused. */
export class AnswerAccount {
  private answers: ClusterAnswers | null = null;
  private isCounted = true;
  /** Further names that the request is counted under; null: none. */
  groups: RequestGroups | null = null;
  private outlier: OutlierMonitor | null = null;
  private readonly kind: { isInternal: boolean; isCanary: boolean } & AnswerKind = {
    isInternal: false,
    isCanary: false,
  };
  /** A gRPC answer has begun and its status is not known. */
  private grpcPending = false;

  /** A cluster was chosen. `isCounted`: answers count by code, and 5xx as errors of the endpoint. */
  begin(cluster: Cluster, answers: ClusterAnswers, isCounted: boolean, isInternal: boolean): void {
    this.answers = answers;
    this.isCounted = isCounted;
    this.outlier = cluster.outlier;
    this.kind.isInternal = isInternal;
    this.kind.isCanary = false;
    this.grpcPending = false;
  }

  /** The request is over. */
  clear(): void {
    this.answers = null;
    this.groups = null;
    this.outlier = null;
    this.grpcPending = false;
  }

  /** The attempt has a stream. */
  onOpen(endpoint: Endpoint): void {
    this.groups?.count("upstream_rq_total");
    this.outlier?.onConnected(endpoint);
  }

  /** A dead pooled connection was replaced. */
  onReconnect(): void {
    this.answers?.countReconnect();
  }

  /** An attempt was answered, whether or not the client gets this answer. */
  onAnswer(head: HeaderList, isGrpc: boolean, endpoint: Endpoint | null): void {
    if (this.outlier === null || endpoint === null) return;
    // As Envoy: a gRPC status in the trailers is not looked at.
    const grpcStatus = isGrpc ? head.value(H.GRPC_STATUS) : undefined;
    const status = grpcStatus === undefined ? head.status : httpStatusOfGrpc(grpcStatus);
    this.outlier.onAnswer(endpoint, status);
    if (status < 500 && head.has(H.X_ENVOY_DEGRADED)) this.outlier.onDegraded(endpoint);
  }

  /** Another attempt follows this one. `status`: of its answer, 0 when it had none. */
  onRetried(status: number, endpoint: Endpoint | null): void {
    if (status !== 0) this.answers?.chargeRetried(status);
    if (endpoint !== null) count(endpoint.stats, HOST.at.rq_error);
  }

  /** The head of the answer came that the client gets. A gRPC success waits for grpc-status. */
  onHead(head: HeaderList, end: boolean, isGrpc: boolean, endpoint: Endpoint | null): void {
    const canaryAt = head.find(H.X_ENVOY_UPSTREAM_CANARY);
    this.kind.isCanary = canaryAt >= 0 && head.valueText(canaryAt) === "true";
    this.charge(head.status);
    if (endpoint === null) return;
    if (head.status >= 500) this.countError(endpoint);
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
    const isError = status === undefined || httpStatusOfGrpc(status) >= 500;
    count(endpoint.stats, isError ? HOST.at.rq_error : HOST.at.rq_success);
  }

  /** The answer is complete. */
  onComplete(ms: number): void {
    if (!this.isCounted) return;
    this.answers?.time(ms, this.kind);
    this.groups?.time(ms);
  }

  /** No answer in time; `status`: what the client would get for it. */
  onLate(status: number, endpoint: Endpoint | null): void {
    if (endpoint !== null) this.outlier?.onLocalFailure(endpoint, status);
  }

  /** The attempt failed or its answer broke off, whatever the client gets for it. */
  onReset(endpoint: Endpoint | null): void {
    if (endpoint !== null) this.outlier?.onLocalFailure(endpoint, 503);
  }

  /** The proxy answers in the upstream's place. */
  onLocal(status: number, endpoint: Endpoint | null): void {
    this.charge(status);
    if (endpoint !== null) this.countError(endpoint);
  }

  private charge(status: number): void {
    if (!this.isCounted) return;
    this.answers?.charge(status, this.kind);
    this.groups?.charge(status);
  }

  private countError({ stats }: Endpoint): void {
    if (this.isCounted) count(stats, HOST.at.rq_error);
  }

  /** The answer broke off after its head. Says whether it was a gRPC one whose outcome was open. */
  onBroken(endpoint: Endpoint | null): boolean {
    if (!this.grpcPending || endpoint === null) return false;
    this.grpcPending = false;
    count(endpoint.stats, HOST.at.rq_error);
    return true;
  }
}
