// typed_per_filter_config of a route configuration, virtual host, route or weighted cluster: what it changes of the manager's HTTP
// filters, by their names. Called for each of these messages.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledge, child, childEntries, flag } from "../load/fields.ts";
import type { FilterOverridePlan } from "../plan/http-filter.ts";
import type { CompileContext } from "./context.ts";
import { FILTER_TYPES, OVERRIDE_TYPES } from "./filters/filter-types.ts";

/** Compiles the entries. `filterNames`: of the filters that there are. */
export function compileFilterOverrides(
  context: CompileContext,
  holder: CheckedMessage,
  filterNames: ReadonlySet<string>,
): FilterOverridePlan[] {
  return childEntries(holder, FIELD).flatMap(([name, entry]) => {
    const instead = context.missingFilters.get(name);
    if (instead !== undefined && !(entry.type === WRAPPER && flag(entry, "disabled") === true)) {
      context.refuse(holder, FIELD, `turning on the HTTP filter '${name}' on a route`, instead);
      return [];
    }
    if (!filterNames.has(name)) {
      const says = `${FIELD} for '${name}' is not acted on: no filter of the connection manager has this name`;
      context.warn(holder, FIELD, says);
      return [];
    }
    const made = compileEntry({ context, holder, name, entry });
    return made === null ? [] : [made];
  });
}

interface Entry {
  readonly context: CompileContext;
  readonly holder: CheckedMessage;
  readonly name: string;
  readonly entry: CheckedMessage;
}

function compileEntry(one: Entry): FilterOverridePlan | null {
  const { context, holder, name, entry } = one;
  if (entry.type !== WRAPPER) return compileSettings(one, entry, false);
  if (flag(entry, "disabled") === true) {
    acknowledge(entry, "config", "is_optional");
    return { name, disabled: true, settings: null };
  }
  const optional = flag(entry, "is_optional") === true;
  const config = child(entry, "config");
  if (config === undefined) {
    context.error(holder, FIELD, `Empty route/virtual host per filter configuration for ${name} filter`);
    return null;
  }
  if (config.type === "google.protobuf.Any") return { name, disabled: false, settings: null };
  return compileSettings(one, config, optional);
}

function compileSettings(one: Entry, config: CheckedMessage, optional: boolean): FilterOverridePlan | null {
  const { context, holder, name } = one;
  const compile = OVERRIDE_TYPES[config.type];
  if (compile !== undefined) return { name, disabled: false, settings: compile(context, config, name) };
  const what = `${config.type} for the HTTP filter '${name}' in ${FIELD}`;
  if (optional) {
    context.warn(holder, FIELD, `${what} is accepted and not acted on`);
    return { name, disabled: false, settings: null };
  }
  if (config.type === ROUTER || FILTER_TYPES[config.type] !== undefined) {
    const says = `The filter ${name} doesn't support virtual host or route specific configurations`;
    context.error(holder, FIELD, says);
  } else context.refuse(holder, FIELD, what, "leave the entry out");
  return null;
}

const FIELD = "typed_per_filter_config";
const ROUTER = "envoy.extensions.filters.http.router.v3.Router";
const WRAPPER = "envoy.config.route.v3.FilterConfig";
