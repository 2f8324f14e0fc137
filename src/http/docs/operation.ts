// One operation as HTML: what it takes, what it answers, how it fails.
import { CODES, type Code } from "../../errors.ts";
import { codesAt, type Operation, type Parameter, type Place, type Schema } from "./document.ts";
import { type Html, html, prose } from "./html.ts";
import { limitsOf, membersOf, typeOf } from "./schema.ts";

const KINDS: [string, string][] = [
  ["path", "Path"],
  ["header", "Headers"],
  ["query", "Query"],
];

const showParameter = ({ name, required, schema = {}, description, style }: Parameter): Html =>
  html`<li><code>${name}${style === "deepObject" && "[…]"}</code>${required && html`<b title="required">*</b>`} ${typeOf(schema)}${limitsOf(schema)}${
    (description ?? schema.description) !== undefined &&
    html`<p>${prose((description ?? schema.description) as string)}</p>`
  }${membersOf(schema)}</li>`;

const showParameters = ({ parameters = [] }: Operation): Html[] =>
  KINDS.map(([kind, title]) => {
    const found = parameters.filter((parameter) => parameter.in === kind);
    return html`${found.length > 0 && html`<h4>${title}</h4><ul>${found.map(showParameter)}</ul>`}`;
  });

const showBody = (schema: Schema): Html => html`<p>${typeOf(schema)}</p>${membersOf(schema)}`;

const showContent = (content: { [type: string]: { schema?: Schema } } = {}): Html[] =>
  Object.entries(content).map(
    ([type, { schema }]) =>
      html`${type !== "application/json" && html`<p><code>${type}</code></p>`}${schema && showBody(schema)}`,
  );

const showAnswer = ([status, { description, content }]: [string, Operation["responses"][string]]): Html =>
  html`<h4>${status}</h4><p>${prose(description)}</p>${showContent(content)}`;

const showFailures = (operation: Operation, statuses: string[]): Html =>
  html`<h4>Failures</h4><table>${statuses.flatMap((status) =>
    codesAt(operation, status).map(
      (code) =>
        html`<tr><td>${status}</td><td><a href="/docs/errors#${code}"><code>${code}</code></a></td><td>${CODES[code as Code].says}</td></tr>`,
    ),
  )}</table>`;

const showFacts = ({ operation }: Place): Html => {
  const { "x-scope": scope, "x-client-method": client, security } = operation;
  return html`<p class="facts">${security?.length === 0 && html`<span>no key needed</span>`}${
    scope && html`<span>scope <code>${scope}</code></span>`
  }${client && html`<span>client <code>${client}</code></span>`}${operation.deprecated && html`<span>older name</span>`}</p>`;
};

/** The operation, folded up. The name is inside: a link to what is folded unfolds it. */
export const showOperation = (place: Place): Html => {
  const { method, path, operation } = place;
  const all = Object.entries(operation.responses);
  const failures = all.filter(([status]) => codesAt(operation, status).length > 0);
  const answers = all.filter((answer) => !failures.includes(answer));
  const body = operation.requestBody;
  return html`<details><summary><b class="${method}">${method.toUpperCase()}</b> <code>${path}</code> <span>${operation.summary}</span></summary><div id="${operation.operationId}">
${operation.description && html`<p>${prose(operation.description)}</p>`}${showFacts(place)}${showParameters(operation)}${
  body && html`<h4>Body</h4>${showContent(body.content)}`
}${answers.map(showAnswer)}${showFailures(
  operation,
  failures.map(([status]) => status),
)}</div></details>
`;
};
