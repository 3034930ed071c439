// starling.filters.http.module: opens a filter that the user wrote, for one connection manager of one worker, or for a try. What the module
// may do to a request is in module-stream.ts, what it is told in contract.ts.
import { loadModule, moduleFault } from "../../../base/load-module.ts";
import type { ModuleConfig, ModuleFilterPlan } from "../../../config/plan/filters/module.ts";
import type { LocalReply } from "../../exchange/local-reply.ts";
import type { FilterCall, FilterMaker, FilterSite, HttpFilter, Step } from "../filter.ts";
import type { FilterContext, FilterFactory, OpenFilter } from "./contract.ts";
import { ModuleSite } from "./module-site.ts";
import { failedReply, ModuleStream } from "./module-stream.ts";

/** Opens the filter. A module that cannot be opened here answers every request with 500. */
export function openModule(plan: ModuleFilterPlan & { readonly name: string }, site: FilterSite): FilterMaker {
  const { services, statPrefix, place } = site;
  const { stats, modules: watch, log } = services;
  const { name, file } = plan;
  const nowMs = (): number => services.clock.nowMs();
  const own = new ModuleSite({ name, file, statPrefix, stats, watch, nowMs, log });
  const usual = guardedOpen(plan, plan.config, own);
  const factories = new Map<ModuleConfig, FilterFactory | LocalReply>();
  const factoryOf = (config: ModuleConfig): FilterFactory | LocalReply => {
    const held = factories.get(config);
    if (held !== undefined) return held;
    const opened = guardedOpen(plan, config, own);
    factories.set(config, opened);
    return opened;
  };
  // Kept for the next request when the module has nothing to do with this one.
  let spare: ModuleStream | null = null;
  return (call) => {
    const override = call.override(place);
    const factory = override?.kind === "module" ? factoryOf(override.config) : usual;
    if (typeof factory !== "function") return new Refusal(call, factory);
    const stream = spare ?? new ModuleStream(own, services.onBug);
    spare = stream.begin(call, factory) ? null : stream;
    return spare === null ? stream : null;
  };
}

/** What is wrong with a module, in a line that begins with its file; empty: it opens. Counts and logs nowhere. */
export function openFault({ file, text, config }: ModuleFilterPlan): string {
  const context: FilterContext = { name: "", counter: () => ({ add: () => {} }), log: () => {} };
  try {
    open({ file, text }, config, context);
    return "";
  } catch (fault) {
    return moduleFault(fault, file);
  }
}

function open(
  { file, text }: Pick<ModuleFilterPlan, "file" | "text">,
  config: ModuleConfig,
  context: FilterContext,
): FilterFactory {
  const { open } = loadModule(file, text);
  if (typeof open !== "function") throw new TypeError("it exports no function 'open'");
  const factory: unknown = (open as OpenFilter)(config, context);
  if (typeof factory !== "function") throw new TypeError("open returns no function that makes filters");
  return factory as FilterFactory;
}

function guardedOpen(plan: ModuleFilterPlan, config: ModuleConfig, own: ModuleSite): FilterFactory | LocalReply {
  const before = own.enter();
  try {
    return open(plan, config, own);
  } catch (fault) {
    return failedReply(own.failed("open", fault));
  } finally {
    own.leave(before);
  }
}

/** Answers for a module that could not be opened: what it was to guard stays shut. */
class Refusal implements HttpFilter {
  private readonly call: FilterCall;
  private readonly reply: LocalReply;

  constructor(call: FilterCall, reply: LocalReply) {
    this.call = call;
    this.reply = reply;
  }

  decodeHead(): Step {
    return this.call.reply(this.reply);
  }
}
