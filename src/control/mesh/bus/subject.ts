// Subjects as NATS has them: tokens between dots, `*` for one token, a last `>` for one or more. Asked by every bus and by the broker.

/** Whether one may publish to it, or await an answer on it: no wildcards, no empty token, no blank, within the limits. */
export function isPublishSubject(subject: string): boolean {
  return isSubscribeSubject(subject) && !subject.split(".").some((token) => token === "*" || token === ">");
}

/** Whether one may subscribe to it: a wildcard stands for a whole token, and `>` only at the end. */
export function isSubscribeSubject(subject: string): boolean {
  if (subject.length === 0 || subject.length > SUBJECT_LENGTH_MAX || BLANK_OR_CONTROL.test(subject)) return false;
  const tokens = subject.split(".");
  return tokens.length <= SUBJECT_TOKENS_MAX && !tokens.includes("") && !tokens.slice(0, -1).includes(">");
}

/** Whether it names a group of subscribers that share messages, each getting some. */
export function isQueueName(name: string): boolean {
  return name.length > 0 && name.length <= SUBJECT_LENGTH_MAX && !BLANK_OR_CONTROL.test(name);
}

/** Whether a subject that one may publish to falls under a pattern; both are valid. */
export function subjectMatches(pattern: string, subject: string): boolean {
  const wanted = pattern.split(".");
  const tokens = subject.split(".");
  for (const [index, token] of wanted.entries()) {
    if (token === ">") return tokens.length > index;
    if (index >= tokens.length || (token !== "*" && token !== tokens[index])) return false;
  }
  return wanted.length === tokens.length;
}

/** Longer subjects are not valid; ours have under 400 characters. */
const SUBJECT_LENGTH_MAX = 1_024;

/** Deeper subjects are not valid: it bounds what one subscription may cost the broker. */
const SUBJECT_TOKENS_MAX = 32;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they end lines and tokens of the protocol
const BLANK_OR_CONTROL = /[\u0000-\u0020\u007f]/;
