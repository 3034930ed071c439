// The options that Starling has by default, for tests to vary.
import type { Http2Options } from "../../../../src/protocol/h2/options.ts";
import { httpDefaults } from "../../../support/http-options.ts";

/** Starling's defaults with some of them changed. */
export function http2Options(changes: Partial<Http2Options> = {}): Http2Options {
  return { ...httpDefaults.http2, ...changes };
}
