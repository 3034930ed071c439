// The token of this tab, and what needs one: changes to the node that serves the page, and the tap. It goes into a field of the head only,
// never into an address; the tab forgets it when it is closed.
import { pagesOf } from "./live.js";

/** Whether a token was given. */
export function isUnlocked() {
  return token !== "";
}

/** Fields of requests that need it. */
export function authorization() {
  return token === "" ? {} : { authorization: `Bearer ${token}` };
}

/** Tries a token and keeps the right one; says what is wrong, or nothing. */
export async function unlock(text) {
  const answer = await post("dashboard/token", "", { authorization: `Bearer ${text}` });
  if (answer.ok) keep(text);
  return answer.ok ? "" : answer.text;
}

/** Forgets it. */
export function lock() {
  keep("");
}

/** Asks an admin page of the node for a change; `words`: its parameters. */
export function change(page, words = {}) {
  return post(page, new URLSearchParams(words), authorization());
}

async function post(page, body, headers) {
  try {
    const answer = await fetch(`${pagesOf("")}${page}`, { method: "POST", body, headers });
    const text = (await answer.text()).trim();
    if (answer.status === 401) keep("");
    return { ok: answer.ok, text: answer.ok ? text : text || `status ${answer.status}` };
  } catch {
    return { ok: false, text: "The node does not answer." };
  }
}

function keep(text) {
  token = text;
  if (text === "") sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, text);
}

const KEY = "starling-token";
let token = sessionStorage.getItem(KEY) ?? "";
