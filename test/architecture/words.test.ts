import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { sourceFiles, sourceText } from "../support/source-files.ts";

const files = [...sourceFiles("src", "workers")];

/** What no file of the house says, and what to say instead. `base` holds the doors to time and chance. */
const BANNED: readonly { readonly words: RegExp; readonly instead: string; readonly except: RegExp }[] = [
  { words: /\bMath\.random\(/, instead: "base/random.ts", except: /^src\/base\// },
  { words: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/, instead: "base/clock.ts", except: /^src\/base\// },
  {
    words: /\bTODO\b|\bFIXME\b|\bXXX\b/,
    instead: "finish it, or say in the support table what is missing",
    except: /^$/,
  },
  { words: /\bprocess\.binding\(/, instead: "net/owned-socket.ts", except: /^$/ },
  { words: /@ts-ignore|@ts-expect-error|@ts-nocheck/, instead: "a type that holds", except: /^$/ },
];

describe("words that no file of the house says", () => {
  for (const { words, instead, except } of BANNED) {
    it(`${words.source} (instead: ${instead})`, () => {
      const found = files.filter((file) => !except.test(file) && words.test(sourceText(file)));
      assert.deepEqual(found, []);
    });
  }
});
