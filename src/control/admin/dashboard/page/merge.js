// Applies merge patches (RFC 7386). Members become own properties whatever their names are.

/** What the patch makes of the value. Neither is changed. */
export function merged(value, patch) {
  if (!isObject(patch)) return patch;
  const members = new Map(isObject(value) ? Object.entries(value) : []);
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) members.delete(name);
    else members.set(name, merged(members.get(name), change));
  }
  return Object.fromEntries(members);
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
