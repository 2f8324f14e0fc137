// The two pages about the API: its operations, and its error codes.
import { CODES, type Code } from "../../errors.ts";
import { codesAt, type Document, type Place, placesOf } from "./document.ts";
import { type Html, html, prose } from "./html.ts";
import { showOperation } from "./operation.ts";
import { membersOf } from "./schema.ts";
import { style } from "./style.ts";

const page = (title: string, nav: Html, main: Html): string =>
  html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>${style}</head><body><nav>${nav}</nav><main>${main}</main></body></html>`
    .html;

const LINKS = html`<a href="/docs">Operations</a><a href="/docs/errors">Error codes</a><a href="/openapi.json">openapi.json</a>`;

const linkTo = ({ method, path, operation }: Place): Html =>
  html`<a href="#${operation.operationId}"><b class="${method}">${method.toUpperCase()}</b> ${path}</a>`;

/** All operations by group, and the schemas that have names. */
export const operationsPage = (document: Document): string => {
  const places = placesOf(document);
  const groups = document.tags.map((tag) => ({
    ...tag,
    of: places.filter(({ operation }) => operation.tags[0] === tag.name),
  }));
  const schemas = Object.entries(document.components.schemas ?? {});
  const nav = html`${LINKS}${groups.map(({ name, of }) => html`<strong>${name}</strong>${of.filter(({ operation }) => !operation.deprecated).map(linkTo)}`)}`;
  const main = html`<h1>${document.info.title} ${document.info.version}</h1><p>${prose(document.info.description)}</p>
<p>A request carries <code>Authorization: Bearer &lt;API key&gt;</code>; the key decides the environment. Members marked <b>*</b> must be there.</p>
${groups.map(({ name, description, of }) => html`<h2 id="tag-${name}">${name}</h2><p>${description}</p>${of.map(showOperation)}`)}
<h2>Schemas</h2>${schemas.map(([id, schema]) => html`<h4 id="schema-${id}">${id}</h4>${schema.description !== undefined && html`<p>${prose(schema.description)}</p>`}${membersOf(schema)}`)}`;
  return page(`${document.info.title} API`, nav, main);
};

type Use = { code: Code; status: string; at: Place };

const usesOf = (document: Document): Use[] =>
  placesOf(document).flatMap((at) =>
    Object.keys(at.operation.responses).flatMap((status) =>
      codesAt(at.operation, status).map((code) => ({ code: code as Code, status, at })),
    ),
  );

const MANY = 3;

const showPlaces = (uses: Use[]): Html => {
  const places = [...new Set(uses.map(({ at }) => at))].filter(({ operation }) => !operation.deprecated);
  const links = places.map(
    ({ method, path, operation }) =>
      html`<a href="/docs#${operation.operationId}"><code>${method.toUpperCase()} ${path}</code></a>`,
  );
  if (links.length <= MANY) return html`${links}`;
  return html`<details><summary>${links.length} operations</summary>${links}</details>`;
};

/** Every code there is: its statuses, whether trying again can help, what it says, and which operations answer it. */
export const errorsPage = (document: Document): string => {
  const uses = Map.groupBy(usesOf(document), ({ code }) => code);
  const codes = Object.keys(CODES) as Code[];
  const row = (code: Code): Html => {
    const found = uses.get(code) ?? [];
    const statuses = [...new Set(found.map(({ status }) => status))].sort().join(", ") || CODES[code].status;
    return html`<tr id="${code}"><td><code>${code}</code></td><td>${statuses}</td><td>${CODES[code].retry ? "yes" : "no"}</td><td>${CODES[code].says}</td><td>${showPlaces(found)}</td></tr>`;
  };
  const table = (some: Code[]) =>
    html`<table><tr><th>Code</th><th>Status</th><th>Retry?</th><th>Says</th><th>Answered by</th></tr>${some.map(row)}</table>`;
  const main = html`<h1>Error codes</h1><p>A failure is <code>{"error": {"code", "message", …}}</code>. Programs branch on <code>code</code>; <i>retry</i> says whether the same request may succeed later.</p>
<h2>Answered by the API</h2>${table(codes.filter((code) => uses.has(code)))}
<h2>In runs, logs and commands only</h2>${table(codes.filter((code) => !uses.has(code)))}`;
  return page(`${document.info.title} error codes`, html`${LINKS}`, main);
};
