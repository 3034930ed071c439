// /runtime and /runtime_modify: keys with the value of every layer.
import { isYaml } from "../../../config/load/is-yaml.ts";
import { changing, jsonAnswer, type Page, showing, textAnswer } from "../page.ts";

/** /runtime */
export const runtimePage: Page = showing("/runtime", "print runtime values", ({ view }) => {
  const layers = view.runtime.layers();
  const keys = [...new Set(layers.flatMap(({ entries }) => Object.keys(entries)))].sort();
  const entries = keys.map((key) => {
    const layerValues = layers.map((layer) => layer.entries[key] ?? "");
    return [key, { layer_values: layerValues, final_value: layerValues.findLast((text) => text !== "") ?? "" }];
  });
  return jsonAnswer({ entries: Object.fromEntries(entries), layers: layers.map((layer) => layer.name) });
});

/** /runtime_modify: answers when every worker goes by the values, so that they hold from the next request on. */
export const runtimeModifyPage: Page = changing(
  "/runtime_modify",
  "Adds or modifies runtime values as passed in query parameters. To delete a previously added key, use an empty string as the value. Note that deletion only applies to overrides added via this endpoint; values loaded from disk can be modified via override but not deleted. E.g. ?key1=value1&key2=value2...",
  async ({ view }, query) => {
    if ([...query].length === 0) return textAnswer(USAGE, 400);
    if (!view.runtime.layers().some(({ kind }) => kind === "admin")) {
      return textAnswer("No admin layer specified", 503);
    }
    for (const [key, text] of query) {
      if (!isYaml(text)) return textAnswer(`the value of ${key} is not YAML: nothing was changed`, 503);
    }
    await view.orders.modifyRuntime(Object.fromEntries(query));
    return textAnswer("OK\n");
  },
);

const USAGE = `usage: /runtime_modify?key1=value1&key2=value2&keyN=valueN
       or send the parameters as form values
use an empty value to remove a previously added override`;
