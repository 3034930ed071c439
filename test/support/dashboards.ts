// The queries of compose/observability: every panel of every dashboard with its variables filled in, and every alert.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { PROJECT } from "./source-files.ts";

/** One query. */
export interface Query {
  /** `starling-cluster: Requests (2)`; of an alert its name. */
  readonly title: string;
  readonly expr: string;
}

/** One alert. */
export interface Alert extends Query {
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** The folder of the observability profile. */
export const OBSERVABILITY: string = join(PROJECT, "compose/observability");

/** One dashboard as its file has it. */
export interface Dashboard {
  readonly uid: string;
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: { readonly query: string } }[];
  };
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly type: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

/** All of them. */
export function dashboards(): readonly Dashboard[] {
  const folder = join(OBSERVABILITY, "grafana/dashboards");
  return readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Dashboard);
}

/** Every query of every dashboard: variables are what they are for "All", rates go over `interval`. */
export function dashboardQueries(interval: string): readonly Query[] {
  return dashboards().flatMap(({ uid, panels, templating }) =>
    panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }, at) => {
        let filled = expr.replaceAll("$__rate_interval", interval);
        for (const { name } of templating.list) filled = filled.replaceAll(`$${name}`, ".*");
        return { title: `${uid}: ${title} (${at + 1})`, expr: filled };
      }),
    ),
  );
}

/** Every query of a dashboard's variable: its expression and the label that is asked for. */
export function variableQueries(): readonly (Query & { readonly label: string })[] {
  return dashboards().flatMap(({ uid, templating }) =>
    templating.list.map(({ name, query }) => {
      const [, expr = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(query.query) ?? [];
      return { title: `${uid}: $${name}`, expr, label };
    }),
  );
}

/** Every alert. */
export function alerts(): readonly Alert[] {
  const file = parse(readFileSync(join(OBSERVABILITY, "alerts.yaml"), "utf8")) as {
    readonly groups: readonly { readonly rules: readonly (Omit<Alert, "title"> & { readonly alert: string })[] }[];
  };
  return file.groups.flatMap(({ rules }) => rules.map(({ alert, ...rest }) => ({ title: alert, ...rest })));
}
