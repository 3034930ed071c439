// Which subscriptions a subject concerns: a tree by tokens, with the answers of late. Owned by the broker.

/** What the index knows of a subscription. */
export interface Indexed {
  readonly subject: string;
  /** Empty: no group. */
  readonly queue: string;
}

/** Those whom a message concerns; never changed once given out. */
export interface Interest<S> {
  readonly plain: readonly S[];
  /** Of each group one gets it. */
  readonly groups: readonly (readonly S[])[];
}

/** Subscriptions by subject. Subjects of subscriptions are valid; those that are looked up may be anything. */
export class SubscriptionIndex<S extends Indexed> {
  private readonly root: Node<S> = emptyNode();
  private readonly answers = new Map<string, Interest<S>>();

  add(subscription: S): void {
    let node = this.root;
    for (const token of subscription.subject.split(".")) {
      let next = node.children.get(token);
      if (next === undefined) {
        next = emptyNode();
        node.children.set(token, next);
      }
      node = next;
    }
    node.ends.add(subscription);
    this.forget(subscription.subject);
  }

  remove(subscription: S): void {
    const path: { readonly node: Node<S>; readonly token: string }[] = [];
    let node = this.root;
    for (const token of subscription.subject.split(".")) {
      path.push({ node, token });
      const next = node.children.get(token);
      if (next === undefined) return;
      node = next;
    }
    node.ends.delete(subscription);
    for (const step of path.reverse()) {
      const child = step.node.children.get(step.token);
      if (child === undefined || child.ends.size > 0 || child.children.size > 0) break;
      step.node.children.delete(step.token);
    }
    this.forget(subscription.subject);
  }

  /** Whom a message on the subject concerns. */
  match(subject: string): Interest<S> {
    const known = this.answers.get(subject);
    if (known !== undefined) return known;
    const found: S[] = [];
    collect(this.root, subject.split("."), 0, found);
    const answer = sorted(found);
    if (found.length > 0) {
      if (this.answers.size >= ANSWERS_MAX) this.answers.clear();
      this.answers.set(subject, answer);
    }
    return answer;
  }

  /** Whether it holds none, not even an empty branch. */
  get isEmpty(): boolean {
    return this.root.children.size === 0;
  }

  private forget(subject: string): void {
    if (/[*>]/.test(subject)) this.answers.clear();
    else this.answers.delete(subject);
  }
}

interface Node<S> {
  readonly children: Map<string, Node<S>>;
  readonly ends: Set<S>;
}

function emptyNode<S>(): Node<S> {
  return { children: new Map(), ends: new Set() };
}

/** No deeper than the deepest subscription, whatever the subject. */
function collect<S>(node: Node<S>, tokens: readonly string[], at: number, found: S[]): void {
  const token = tokens[at];
  if (token === undefined) {
    for (const subscription of node.ends) found.push(subscription);
    return;
  }
  const rest = node.children.get(">");
  if (rest !== undefined) for (const subscription of rest.ends) found.push(subscription);
  const any = node.children.get("*");
  if (any !== undefined) collect(any, tokens, at + 1, found);
  const same = token === "*" || token === ">" ? undefined : node.children.get(token);
  if (same !== undefined) collect(same, tokens, at + 1, found);
}

function sorted<S extends Indexed>(found: readonly S[]): Interest<S> {
  const groups = new Map<string, S[]>();
  const plain: S[] = [];
  for (const subscription of found) {
    const { queue } = subscription;
    const group = groups.get(queue);
    if (queue === "") plain.push(subscription);
    else if (group === undefined) groups.set(queue, [subscription]);
    else group.push(subscription);
  }
  return { plain, groups: [...groups.values()] };
}

/** Subjects whose answers are remembered. */
const ANSWERS_MAX = 2_048;
