// Pages that make the node do something: drain, fail and pass health checks, log levels, reset, reopen, quit.

import { isComponent, LOG_COMPONENTS, LOG_LEVELS, type LogLevel } from "../../../messages/log.ts";
import { changing, type Page, type PageContext, textAnswer } from "../page.ts";

/** All pages of this file. */
export const orderPages: readonly Page[] = [
  changing(
    "/drain_listeners",
    "drain listeners",
    ({ view }, query) => {
      view.orders.drainListeners({
        graceful: query.has("graceful"),
        skipExit: query.has("skip_exit"),
        inboundOnly: query.has("inboundonly"),
      });
      return textAnswer("OK\n");
    },
    {
      graceful:
        "When draining listeners, enter a graceful drain period prior to closing listeners. This behaviour and duration is configurable via server options or CLI",
      skip_exit:
        "When draining listeners, drain the connections but never stop the listeners. The graceful parameter has no effect when this is set, since the drain period only delays stopping the listeners",
      inboundonly:
        "Drains all inbound listeners. traffic_direction field in envoy_v3_api_msg_config.listener.v3.Listener is used to determine whether a listener is inbound or outbound.",
    },
  ),
  changing("/healthcheck/fail", "cause the server to fail health checks", ({ view }) => {
    view.orders.setFailing(true);
    return textAnswer("OK\n");
  }),
  changing("/healthcheck/ok", "cause the server to pass health checks", ({ view }) => {
    view.orders.setFailing(false);
    return textAnswer("OK\n");
  }),
  changing("/logging", "query/change logging levels", changeLevels, {
    paths:
      "Change multiple logging levels by setting to <logger_name1>:<desired_level1>,<logger_name2>:<desired_level2>. If fine grain logging is enabled, use __FILE__ or a glob experision as the logger name. For example, source/common*:warning",
    group:
      "Change given logger group to desired level, set to <logger_group_name>:<desired_level>. logger_group_name must be a logger name.",
    level:
      "desired logging level, this will change all loggers's level; One of (, trace, debug, info, warning, error, critical, off)",
  }),
  changing("/quitquitquit", "exit the server", ({ view }) => ({
    ...textAnswer("OK\n"),
    afterwards: () => view.orders.quit(),
  })),
  changing("/reopen_logs", "reopen access logs", ({ view }) => {
    view.orders.reopenLogs();
    return textAnswer("OK\n");
  }),
  changing("/reset_counters", "reset all counters to zero", ({ view }) => {
    view.orders.resetCounters();
    return textAnswer("OK\n");
  }),
];

function changeLevels({ view }: PageContext, query: URLSearchParams): ReturnType<typeof textAnswer> {
  const wrong = (what: string): ReturnType<typeof textAnswer> =>
    textAnswer(`error: ${what}\n\n${USAGE}\n${levelList(view)}`, 400);
  const given = [...query].filter(([, text]) => text !== "");
  if (given.length > 1) return wrong("invalid number of parameters");
  const [name = "", text = ""] = given[0] ?? [];
  if (name === "group") return wrong("group parameter requires fine-grain logging to be enabled");
  const pairs = name === "paths" ? text.split(",").map((pair) => pair.split(":")) : given;
  const changes: [logger: string, level: LogLevel][] = [];
  for (const [logger, level] of pairs) {
    if (!logger || !level) return wrong("empty logger name or empty logger level");
    if (!isLevel(level)) return wrong("unknown logger level");
    if (logger !== "level" && !isComponent(logger)) return wrong("unknown logger name");
    changes.push([logger, level]);
  }
  // Only when every change is right: half a request is not obeyed.
  for (const [logger, level] of changes) view.log.setLevel(logger === "level" ? null : logger, level);
  return textAnswer(levelList(view));
}

function levelList(view: PageContext["view"]): string {
  return `active loggers:\n${LOG_COMPONENTS.map((name) => `  ${name}: ${view.log.levelOf(name)}\n`).join("")}\n`;
}

function isLevel(text: string): text is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(text);
}

const USAGE = `usage: /logging?<name>=<level> (change single level)
usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)
usage: /logging?level=<level> (change all levels)
usage: /logging?group=<group_name>:<level> (change group of loggers)
levels: trace debug info warning error critical off `;
