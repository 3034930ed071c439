// Removes from package-lock.json the optional platform packages that the registry could not resolve: `npm ci` refuses a lock
// file that lists one ("Missing … from lock file"). Run after every `npm install` that changes a dependency: npm run lock.
import { readFileSync, writeFileSync } from "node:fs";

const lockUrl = new URL("../../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(lockUrl, "utf8"));
const known = new Set(Object.keys(lock.packages).map((path) => path.split("node_modules/").at(-1)));
let removed = 0;
for (const entry of Object.values(lock.packages)) {
  for (const name of Object.keys(entry.optionalDependencies ?? {})) {
    if (known.has(name)) continue;
    delete entry.optionalDependencies[name];
    removed++;
  }
}
writeFileSync(lockUrl, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${removed} unresolvable platform packages removed`);
