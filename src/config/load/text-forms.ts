// The well-known forms of text that rules name: header names and values, hosts, addresses, URIs. Called by rules.ts.
import type { RuleValue } from "../schema/shape.ts";

/** What form a text fails to have, or null. Source: protoc-gen-validate's StringRules. */
export function hasTextForm(rule: { readonly [name: string]: RuleValue }, value: string): string | null {
  const family = familyOf(value);
  if (rule["ip"] === true && family === 0) return "must be an IP address";
  if (rule["ipv4"] === true && family !== 4) return "must be an IPv4 address";
  if (rule["ipv6"] === true && family !== 6) return "must be an IPv6 address";
  if (rule["hostname"] === true && !hostname.test(value)) return "must be a host name";
  if (rule["address"] === true && family === 0 && !hostname.test(value)) return "must be a host name or an IP address";
  if (rule["uri"] === true && !URL.canParse(value)) return "must be an absolute URI";
  if (rule["uri_ref"] === true && !URL.canParse(value, "http://a/")) return "must be a URI";
  if (rule["email"] === true && !email.test(value)) return "must be an e-mail address";
  if (rule["uuid"] === true && !uuid.test(value)) return "must be a UUID";
  const strict = rule["strict"] !== false;
  // Envoy lets the empty text pass here whether or not the rule says ignore_empty.
  if (rule["well_known_regex"] === "HTTP_HEADER_NAME" && value !== "") {
    return (strict ? headerName : headerLoose).test(value) ? null : "is not a header name";
  }
  if (rule["well_known_regex"] === "HTTP_HEADER_VALUE") {
    return (strict ? headerValue : headerLoose).test(value) ? null : "is not a header value";
  }
  return null;
}

function familyOf(value: string): 0 | 4 | 6 {
  if (ipv4.test(value)) return 4;
  return value.includes(":") && /^[0-9a-fA-F:.]+$/.test(value) && URL.canParse(`http://[${value}]/`) ? 6 : 0;
}

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const hostname = /^(?=.{1,253}\.?$)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.?)+$/;
const email = /^[^@\s]{1,64}@[^@\s]+$/;
const uuid = /^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$/;
const headerName = /^:?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the bytes the rule names
const headerValue = /^[^\u0000-\u0008\n-\u001f\u007f]*$/;
// Without `strict` names and values have one form, which the empty text has too.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the bytes the rule names
const headerLoose = /^[^\u0000\n\r]*$/;
