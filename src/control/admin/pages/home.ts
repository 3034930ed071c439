// /: a page with every admin command, those that change something as small forms.
import { type Page, showing } from "../page.ts";

/** / */
export const homePage: Page = showing("/", "Admin home page", ({ pages }, query) => ({
  status: 200,
  contentType: "text/html; charset=UTF-8",
  // As the dashboard sends a browser here; others get Envoy's head.
  ...(query.has("commands") ? { fields: ["x-frame-options", "DENY"] } : {}),
  body: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Starling Admin</title><style>
body { font-family: system-ui, sans-serif; margin: 2rem; color-scheme: light dark }
td { padding: .2rem 1rem .2rem 0; vertical-align: top } form { display: inline }
</style></head><body><h1>Starling Admin</h1><p><a href="dashboard">Dashboard</a></p><table><thead><tr><th scope="col">Command</th><th scope="col">Description</th></tr></thead><tbody>
${pages.map(row).join("\n")}
</tbody></table></body></html>
`,
}));

function row(page: Page): string {
  const fields = page.parameters
    .map(({ id, help }) => `<label title="${escaped(help)}">${escaped(id)} <input name="${escaped(id)}"></label> `)
    .join("");
  const command = page.mutates
    ? `<form method="post" action="${page.path}"><button>${page.path.slice(1)}</button> ${fields}</form>`
    : `<a href="${page.path.slice(1)}">${page.path}</a>`;
  return `<tr><td>${command}</td><td>${escaped(page.help)}</td></tr>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
