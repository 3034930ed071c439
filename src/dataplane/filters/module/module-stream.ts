// One request in a filter module: turns the hooks of the data plane into those of contract.ts, and what a module answers, throws or
// promises into what the chain understands. A module's mistake ends its own request and nothing else.
import type { HeaderList } from "../../../protocol/header-list.ts";
import { H } from "../../../protocol/header-names.ts";
import type { LocalReply } from "../../exchange/local-reply.ts";
import { type FilterCall, type HttpFilter, Step } from "../filter.ts";
import type {
  DataAnswer,
  FilterFactory,
  FilterStatus,
  HeaderMap,
  HeadersAnswer,
  LocalReplyOptions,
  StreamCallbacks,
  StreamFilter,
  StreamInfo,
} from "./contract.ts";
import { ModuleHeaders, writable } from "./header-map.ts";
import { ModuleInfo } from "./module-info.ts";
import type { ModuleSite } from "./module-site.ts";

/** A request's filter, and what it may ask. */
export class ModuleStream implements HttpFilter, StreamCallbacks {
  private readonly site: ModuleSite;
  private readonly onBug: (error: unknown) => void;
  private call: FilterCall | null = null;
  private filter: StreamFilter = NOTHING;
  /** The factory threw: the request gets this answer. */
  private broken: LocalReply | null = null;
  /** Replies that this filter has given: no second one. */
  private replies = 0;
  private decoded: Bytes | null = null;
  private encoded: Bytes | null = null;
  private trailers: HeaderList | null = null;
  private headers: HeaderMap | null = null;
  private info: StreamInfo | null = null;

  constructor(site: ModuleSite, onBug: (error: unknown) => void) {
    this.site = site;
    this.onBug = onBug;
  }

  /** Has the filter made; false: the module has nothing to do with the request, and this may be used again. */
  begin(call: FilterCall, factory: FilterFactory): boolean {
    this.call = call;
    const before = this.site.enter();
    try {
      const filter: unknown = factory(this);
      if (filter === null) return this.forget();
      if (typeof filter !== "object")
        throw new TypeError(`the factory answered ${typeof filter}, no filter and not null`);
      this.filter = filter;
    } catch (fault) {
      this.broken = failedReply(this.site.failed("factory", fault));
    } finally {
      this.site.leave(before);
    }
    return true;
  }

  // For the chain.

  decodeHead(_: HeaderList, end: boolean): Step {
    if (this.broken !== null) return this.replyWith(this.broken);
    const { filter } = this;
    if (filter.decodeHeaders === undefined) return Step.Next;
    return this.head("decodeHeaders", () => filter.decodeHeaders?.(this.requestHeaders, end));
  }

  decodeData(bytes: Uint8Array, start: number, end: number, last: boolean): Step {
    const { filter } = this;
    if (filter.decodeData === undefined) return Step.Next;
    this.decoded ??= { passed: 0, declared: UNKNOWN };
    const { decoded } = this;
    const own = (): DataAnswer =>
      this.counted(filter.decodeData?.(bytes.subarray(start, end), last), decoded, end - start, last);
    return this.guarded("decodeData", own, last);
  }

  decodeTrailers(trailers: HeaderList): Step {
    const { filter } = this;
    if (filter.decodeTrailers === undefined) return Step.Next;
    return this.ofTrailers("decodeTrailers", trailers, (headers) => filter.decodeTrailers?.(headers));
  }

  encodeHead(head: HeaderList, end: boolean): Step {
    const { filter } = this;
    if (filter.encodeHeaders === undefined) return Step.Next;
    const headers = new ModuleHeaders(() => (this.call?.response() === head ? head : null));
    return this.head("encodeHeaders", () => filter.encodeHeaders?.(headers, end));
  }

  encodeData(bytes: Uint8Array, start: number, end: number, last: boolean): Step {
    const { filter } = this;
    if (filter.encodeData === undefined) return Step.Next;
    this.encoded ??= { passed: 0, declared: UNKNOWN };
    const { encoded } = this;
    const own = (): DataAnswer =>
      this.counted(filter.encodeData?.(bytes.subarray(start, end), last), encoded, end - start, last);
    return this.guarded("encodeData", own, last);
  }

  encodeTrailers(trailers: HeaderList): Step {
    const { filter } = this;
    if (filter.encodeTrailers === undefined) return Step.Next;
    return this.ofTrailers("encodeTrailers", trailers, (headers) => filter.encodeTrailers?.(headers));
  }

  done(): void {
    const { filter, site } = this;
    this.forget();
    this.trailers = null;
    const before = site.enter();
    try {
      filter.onDestroy?.();
    } catch (fault) {
      site.failed("onDestroy", fault);
    } finally {
      site.leave(before);
    }
  }

  // For the module.

  get requestHeaders(): HeaderMap {
    this.headers ??= new ModuleHeaders(() => this.call?.request() ?? null);
    return this.headers;
  }

  get streamInfo(): StreamInfo {
    this.info ??= new ModuleInfo(() => this.call);
    return this.info;
  }

  continueDecoding(): void {
    this.trailers = null;
    this.call?.resumeDecode();
  }

  continueEncoding(): void {
    this.trailers = null;
    this.call?.resumeEncode();
  }

  sendLocalReply(options: LocalReplyOptions): void {
    if (this.filter === NOTHING && this.call !== null)
      throw new TypeError("a factory gives no local reply: its filter may");
    const { status, body = "", headers = {}, grpcStatus = -1, details = "module_local_reply" } = options;
    if (!Number.isInteger(status) || status < 200 || status > 599) throw new RangeError(`illegal status ${status}`);
    const fields = Object.entries(headers).map(([name, value]) => [writable(name, value), value] as const);
    const reply = { status, body, bytes: null, flag: "", details: details.replace(/[^!-~]+/g, "_"), grpcStatus };
    this.replyWith(reply, (head) => {
      for (const [name, value] of fields) head.set(name, value);
    });
  }

  clearRouteCache(): void {
    this.call?.clearRoute();
  }

  setDynamicMetadata(namespace: string, key: string, value: unknown): void {
    this.call?.setMetadata(namespace, key, plain(value));
  }

  setDecoderBufferLimit(bytes: number): void {
    this.call?.holdRequest(bytes);
  }

  setEncoderBufferLimit(bytes: number): void {
    this.call?.holdResponse(bytes);
  }

  private head(hook: "decodeHeaders" | "encodeHeaders", run: () => HeadersAnswer): Step {
    return this.guarded(hook, () => {
      const answer = run();
      if (!(answer instanceof Promise)) return answer;
      answer.then(
        (status) => this.settled(hook, status),
        (fault: unknown) => this.later(() => this.fail(hook, fault)),
      );
      return "StopIteration";
    });
  }

  private ofTrailers(
    hook: "decodeTrailers" | "encodeTrailers",
    list: HeaderList,
    run: (headers: HeaderMap) => FilterStatus | undefined,
  ): Step {
    this.trailers = list;
    const step = this.guarded(hook, () => run(new ModuleHeaders(() => (this.trailers === list ? list : null))));
    if (step !== Step.Parked) this.trailers = null;
    return step;
  }

  /** Runs a hook. `last`: what it gives in place of data ends the message. */
  private guarded(hook: Hook, run: () => DataAnswer, last: boolean = false): Step {
    const { site, replies } = this;
    const before = site.enter();
    try {
      const answer = run();
      if (this.replies !== replies) return Step.Reply;
      if (answer === undefined || answer === "Continue") return Step.Next;
      if (answer === "StopIteration") return Step.Parked;
      if (answer instanceof Uint8Array && hook.endsWith("Data"))
        return this.call === null ? Step.Reply : this.call.replace(answer, 0, answer.length, last);
      throw new TypeError(`${hook} answered ${describe(answer)}`);
    } catch (fault) {
      return this.fail(hook, fault);
    } finally {
      site.leave(before);
    }
  }

  /** Whoever changes a body's length without its head would have the peer take what follows for another message. */
  private counted(answer: DataAnswer, bytes: Bytes, length: number, last: boolean): DataAnswer {
    const isOwn = answer instanceof Uint8Array;
    if (isOwn && bytes.declared === UNKNOWN) {
      const head = bytes === this.decoded ? this.call?.request() : this.call?.response();
      bytes.declared = Number(head?.value(H.CONTENT_LENGTH) ?? NONE);
    }
    bytes.passed += isOwn ? answer.length : length;
    if (bytes.declared >= 0 && (last ? bytes.passed !== bytes.declared : bytes.passed > bytes.declared))
      throw new RangeError(
        `the body is to have ${bytes.declared} bytes: a filter that changes it removes content-length`,
      );
    return answer;
  }

  private settled(hook: Hook, status: unknown): void {
    this.later(() => {
      if (status === "StopIteration") return;
      if (status !== undefined && status !== "Continue") {
        this.fail(hook, new TypeError(`${hook} answered ${describe(status)}`));
      } else if (hook === "decodeHeaders") this.continueDecoding();
      else this.continueEncoding();
    });
  }

  /** Outside of hooks: nobody catches what goes wrong here. */
  private later(act: () => void): void {
    if (this.call === null || this.replies > 0) return;
    try {
      act();
    } catch (bug) {
      this.onBug(bug);
    }
  }

  private fail(hook: Hook, fault: unknown): Step {
    const { onDestroy } = this.filter;
    const { filter } = this;
    this.filter = onDestroy === undefined ? NOTHING : { onDestroy: () => filter.onDestroy?.() };
    return this.replyWith(failedReply(this.site.failed(hook, fault)), undefined, true);
  }

  private replyWith(reply: LocalReply, change?: (head: HeaderList) => void, again: boolean = false): Step {
    if (this.call !== null && (again || this.replies === 0)) {
      this.call.reply(reply, change);
      this.replies++;
    }
    return Step.Reply;
  }

  private forget(): false {
    this.call = null;
    this.filter = NOTHING;
    return false;
  }
}

/** The answer to a request whose filter module made a mistake. */
export function failedReply(details: string): LocalReply {
  return { status: 500, body: "Internal Server Error", bytes: null, flag: "", details, grpcStatus: -1 };
}

type Hook = Exclude<keyof StreamFilter, "onDestroy">;

interface Bytes {
  passed: number;
  declared: number;
}

function describe(answer: unknown): string {
  return answer instanceof Promise ? "a promise" : typeof answer === "string" ? `'${answer}'` : typeof answer;
}

/** What JSON makes of a value: what it cannot hold is the module's mistake here, not the log's that writes it later. */
function plain(value: unknown): unknown {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError("metadata that JSON cannot hold");
  return JSON.parse(text);
}

const NOTHING: StreamFilter = {};
const NONE = -1;
const UNKNOWN = -2;
