// The one way from a checked bootstrap to a plan. Called by load-plan.ts and by discovery. Pure: files, environment and chance come in
// through the options.
import type { CheckedMessage, Diagnostic } from "../load/checked.ts";
import { unreadFields } from "../load/fields.ts";
import type { Plan } from "../plan/plan.ts";
import { compileBootstrap } from "./bootstrap.ts";
import { CompileContext, type CompileOptions } from "./context.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { pendingFields } from "./pending.ts";
import { unreadHint } from "./unread-hints.ts";

/** A plan with what was said about it; `plan` is null exactly when there is an error. */
export interface CompileResult {
  readonly plan: Plan | null;
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** Compiles a bootstrap. Fields that nothing acts on become warnings by name. Diagnostics come in the file's order. */
export function compilePlan(bootstrap: CheckedMessage, options: CompileOptions): CompileResult {
  const context = new CompileContext(options);
  const plan = compileBootstrap(context, bootstrap);
  return {
    plan: context.errors.length === 0 ? deepFreeze(plan) : null,
    errors: inFileOrder(context.errors),
    warnings: inFileOrder([...context.warnings, ...pendingFields(bootstrap), ...unreadFields(bootstrap, unreadHint)]),
  };
}

/** Diagnostics by file, line and column; what stands at one place keeps its order, and nothing is said twice there. */
export function inFileOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  const once = diagnostics.filter((one) => {
    const key = JSON.stringify([one.file, one.line, one.column, one.path, one.message]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  return once.sort((a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
