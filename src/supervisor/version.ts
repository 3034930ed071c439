// Starling's version, from its package description.
import { readFileSync } from "node:fs";
import { packageUrl } from "../base/location.ts";

/** As in package.json: `0.1.0`. */
export const VERSION: string = (JSON.parse(readFileSync(packageUrl, "utf8")) as { readonly version: string }).version;
