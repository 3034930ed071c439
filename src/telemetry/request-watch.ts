// What workers tell of their requests while somebody looks on: how long they take, and single ones that a tap asks for. Plain data between
// the data plane, which fills it, and the admin address, which shows it. Nobody looks for longer than a lease.

/** What a worker is to watch from now on; nothing at all ends it. */
export interface WatchTerms {
  /** After which it ends unless it is said again. */
  readonly leaseMs: number;
  /** Tell some of the times, and what the worker does. */
  readonly times: boolean;
  readonly taps: readonly TapTerms[];
  /** Fields and query parameters whose values are not told, in lower case. */
  readonly redacts: readonly string[];
}

/** Which requests a tap is told of: those for which everything holds. Empty texts and lists hold for all. */
export interface TapTerms {
  readonly id: number;
  readonly cluster: string;
  /** The route's name, or where it stands: `envoy.yaml:12`. */
  readonly route: string;
  /** Begin of the path as the client sent it. */
  readonly path: string;
  /** First digits of the status; 0: none was sent. */
  readonly classes: readonly number[];
  readonly method: string;
  /** A field that is there, in lower case. */
  readonly header: string;
  /** What its value contains. */
  readonly headerValue: string;
  /** The share of the requests for which all that holds, of 1. */
  readonly share: number;
}

/** What one worker tells, four times a second. */
export interface WatchTold {
  /** Once a second; null: not this time. */
  readonly load: WorkerLoad | null;
  readonly times: readonly TimedRequest[];
  /** Requests that ended, whether or not their times are told. */
  readonly ended: number;
  readonly taps: readonly TapTold[];
}

/** What a worker does. */
export interface WorkerLoad {
  /** Of one core since the last time, of 1. */
  readonly cpu: number;
  /** How much of that time its event loop did not wait, of 1. */
  readonly busy: number;
  readonly connections: number;
  /** Streams, whatever the protocol. */
  readonly requests: number;
}

/** How long one request took. */
export interface TimedRequest {
  readonly cluster: string;
  /** `192.0.2.1:8080`; empty: none was reached. */
  readonly endpoint: string;
  /** Where its route stands. */
  readonly route: string;
  readonly status: number;
  readonly ms: number;
}

/** What a tap is told of. */
export interface TapTold {
  readonly id: number;
  readonly requests: readonly TappedRequest[];
  /** Requests that it should have been told of, and that were too many. */
  readonly dropped: number;
}

/** One request after its end. Times are milliseconds since its head began to come, -1: it did not happen. */
export interface TappedRequest {
  readonly startWallMs: number;
  readonly method: string;
  readonly authority: string;
  /** As the client sent it. */
  readonly path: string;
  readonly protocol: string;
  readonly client: string;
  readonly status: number;
  /** Envoy's response flags; empty: none. */
  readonly flags: string;
  readonly details: string;
  readonly listener: string;
  readonly route: string;
  readonly cluster: string;
  readonly endpoint: string;
  readonly attempts: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly traceId: string;
  /** The request was whole. */
  readonly requestMs: number;
  /** The upstream's answer began. */
  readonly answerMs: number;
  readonly totalMs: number;
  /** Names and values as they went to the upstream. */
  readonly requestHeaders: readonly (readonly [name: string, value: string])[];
  /** As they went to the client. */
  readonly responseHeaders: readonly (readonly [name: string, value: string])[];
}

/** What a tap never shows unless it was started with other words. */
export const TAP_REDACTS: readonly string[] = [
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  "x-auth-token",
  "x-csrf-token",
  "x-amz-security-token",
  "access_token",
  "refresh_token",
  "id_token",
  "token",
  "api_key",
  "apikey",
  "key",
  "password",
  "secret",
  "client_secret",
  "signature",
  "sig",
  "code",
];
