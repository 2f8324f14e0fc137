// Reads the `${…}` templates of catalogue entries; template.ts fills them.

/** A placeholder: the first alternative with a value counts. */
export type Placeholder = { alternatives: Alternative[] };
/** What stands between `||`: a name, or a function of texts with placeholders of their own. */
export type Alternative = { name: string } | { call: string; argument: string };
export type Part = string | Placeholder;

/** Where the placeholder that begins at `start` ends, after its brace; -1 when it is not closed. */
const endOf = (text: string, start: number): number => {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text.startsWith("${", at)) {
      depth += 1;
      at += 1;
    } else if (text[at] === "}") {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
};

/** Split at a separator that stands outside placeholders. */
export const splitOutside = (text: string, separator: string): string[] => {
  const found: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text.startsWith("${", at)) {
      const end = endOf(text, at);
      if (end > 0) at = end - 1;
    } else if (text.startsWith(separator, at)) {
      found.push(text.slice(from, at));
      from = at + separator.length;
      at = from - 1;
    }
  }
  return [...found, text.slice(from)];
};

const readAlternative = (text: string): Alternative => {
  const [, call, argument] = /^([a-zA-Z]\w*)\((.*)\)$/s.exec(text) ?? [];
  return call === undefined ? { name: text } : { call, argument: argument! };
};

/** Literal texts and placeholders in their order; one that is not closed is text. */
export const readTemplate = (text: string): Part[] => {
  const parts: Part[] = [];
  let from = 0;
  for (let at = text.indexOf("${"); at !== -1; at = text.indexOf("${", from)) {
    const end = endOf(text, at);
    if (end === -1) break;
    const inner = text.slice(at + 2, end - 1).trim();
    const alternatives = splitOutside(inner, "||").map((one) => readAlternative(one.trim()));
    if (at > from) parts.push(text.slice(from, at));
    parts.push({ alternatives });
    from = end;
  }
  return from < text.length ? [...parts, text.slice(from)] : parts;
};

const RIGHT = `write \${connectionConfig.name}`;

/** What is wrong with a template, and what would be right; null when it can be read. */
export const templateFault = (text: string): string | null => {
  for (const part of readTemplate(text)) {
    if (typeof part === "string") {
      if (part.includes("${")) return `has a \${ without its }: ${RIGHT}`;
      continue;
    }
    for (const one of part.alternatives) {
      if ("name" in one && one.name === "") return `has an empty placeholder: ${RIGHT}`;
      const fault = "call" in one ? templateFault(one.argument) : null;
      if (fault !== null) return fault;
    }
  }
  return null;
};
