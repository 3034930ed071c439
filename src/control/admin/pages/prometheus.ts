// /stats/prometheus: Envoy's names with its default tags taken out as labels, so that existing dashboards work. What was just written is shown
// to everybody who asks the same for ten times as long as writing took, so that scrapes never take more than a tenth of the main thread.
import { type Page, type PageAnswer, type PageContext, showing, textAnswer } from "../page.ts";
import { PrometheusText } from "./prometheus-text.ts";
import { selectStats } from "./stats.ts";

/** /stats/prometheus of one node. */
export function prometheusPage(): Page {
  const shared = new SharedAnswers();
  const answer: Page["answer"] = (context, query) => shared.answer(context, query);
  return showing("/stats/prometheus", "print server stats in prometheus format", answer, {
    usedonly: "Only include stats that have been written by system since restart",
    text_readouts: "Render text_readouts as new gaugues with value 0 (increases Prometheus data size)",
    filter: "Regular expression (Google re2) for filtering stats",
    invert_filter: "Invert the filter regex",
    histogram_buckets: "Histogram bucket display mode; One of (cumulative, summary)",
  });
}

/** Answers by their query, as long as they are new. */
class SharedAnswers {
  private readonly held = new Map<string, { readonly answer: PageAnswer; readonly untilMs: number }>();
  private text: PrometheusText | null = null;

  answer(context: PageContext, query: URLSearchParams): PageAnswer {
    const key = query.toString();
    const beganMs = context.view.uptimeMs();
    const held = this.held.get(key);
    if (held !== undefined && beganMs < held.untilMs) return held.answer;
    const answer = this.write(context, query);
    const doneMs = context.view.uptimeMs();
    for (const [other, { untilMs }] of this.held) if (untilMs <= doneMs) this.held.delete(other);
    if (this.held.size < HELD_MAX) {
      this.held.set(key, { answer, untilMs: doneMs + SHARED_TIMES * (doneMs - beganMs) });
    }
    return answer;
  }

  private write(context: PageContext, query: URLSearchParams): PageAnswer {
    const mode = query.get("histogram_buckets") || "cumulative";
    if (!PLAIN_MODES.includes(mode)) {
      return textAnswer("usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary)\n", 400);
    }
    if (mode !== "cumulative" && mode !== "summary") {
      return textAnswer("unsupported prometheus histogram bucket mode", 400);
    }
    const selected = selectStats({ stats: context.shown }, query);
    if ("status" in selected) return selected;
    this.text ??= new PrometheusText(context.shown);
    const bytes = this.text.write(selected.values, selected.histograms, mode);
    return { ...textAnswer(""), bytes };
  }
}

const PLAIN_MODES = ["cumulative", "summary", "disjoint", "detailed"];
/** So many times as long as it took to write it is an answer shown. */
const SHARED_TIMES = 10;
/** Different queries whose answers are kept. */
const HELD_MAX = 8;
