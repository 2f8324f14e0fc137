// HTML as text: everything put into a template is escaped unless it is HTML already.
import { escape as escapeHtml } from "es-toolkit/string/escape";

export type Html = { readonly html: string };

type Part = Html | string | number | undefined | false | readonly Part[];

const textOf = (part: Part): string => {
  if (part === undefined || part === false) return "";
  if (Array.isArray(part)) return part.map(textOf).join("");
  return typeof part === "object" ? (part as Html).html : escapeHtml(String(part));
};

/** A template of HTML. */
export const html = (strings: TemplateStringsArray, ...parts: Part[]): Html => ({
  html: strings.reduce((text, next, index) => text + textOf(parts[index - 1]) + next),
});

/** Prose with `code` in it. */
export const prose = (text: string): Html[] =>
  text.split("`").map((part, index) => (index % 2 === 0 ? html`${part}` : html`<code>${part}</code>`));
