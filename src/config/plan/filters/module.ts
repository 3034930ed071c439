// starling.filters.http.module as workers run it: a filter that the user wrote.

/** Free-form settings as they stand in the file. */
export type ModuleConfig = { readonly [name: string]: unknown };

/** Runs a module in the listener worker. */
export interface ModuleFilterPlan {
  readonly kind: "module";
  /** Whole path of its file, for messages and for what it imports. */
  readonly file: string;
  /** Its text when the configuration was read: every worker runs the same, and a restarted one too. */
  readonly text: string;
  readonly config: ModuleConfig;
}

/** ModulePerRoute: what a route gives it. */
export interface ModuleOverridePlan {
  readonly kind: "module";
  readonly config: ModuleConfig;
}
