// Turns one answer into bytes: head with its framing, body. The server connection decides when; this decides nothing but how.
import type { HeaderList } from "../header-list.ts";
import type { ByteSink } from "../message.ts";
import { BodyWriter, Framing } from "./body-writer.ts";
import { frameResponse } from "./framing.ts";
import { type HeadStyle, plainStyle, writeResponseHead } from "./head-writer.ts";
import type { Http1Options } from "./options.ts";
import type { ServerExchange } from "./server-exchange.ts";

/** Writer of the answers of one connection. */
export class AnswerWriter {
  readonly body: BodyWriter;
  private readonly sink: ByteSink;
  private readonly style: HeadStyle;
  private readonly bareStyle: HeadStyle;

  constructor(sink: ByteSink, options: Http1Options) {
    this.sink = sink;
    this.body = new BodyWriter(sink, options);
    this.style = plainStyle(options.properCase);
    this.bareStyle = plainStyle(options.properCase);
  }

  /** Writes a final head; says whether it announces the end of the connection. */
  head(exchange: ServerExchange, list: HeaderList, end: boolean): boolean {
    const framing = frameResponse(exchange, list, this.style, end);
    this.body.start(framing, this.style.contentLength);
    this.write(list, exchange.minor, this.style);
    return this.style.connection === "close";
  }

  /** Writes the head after which bytes pass as they are. */
  tunnelHead(exchange: ServerExchange, list: HeaderList): void {
    this.style.upgrade = exchange.toUpgrade;
    this.style.contentLength = -1;
    this.style.connection = "";
    this.style.framing = "";
    this.body.start(Framing.Raw, 0);
    this.write(list, 1, this.style);
  }

  /** Writes an interim head. */
  interim(list: HeaderList): void {
    this.write(list, 1, this.bareStyle);
  }

  private write(list: HeaderList, minor: number, style: HeadStyle): void {
    writeResponseHead(this.sink.out, list, minor, style);
    this.sink.scheduleFlush();
  }
}
