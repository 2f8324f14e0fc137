// The kinds of values that entries are made of. A message says what would be right.
import { z } from "zod";
import { readTemplate, splitOutside, templateFault } from "../template-syntax.ts";

const isUrl = (text: string): boolean => {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== "";
};

/** A text that may have `${…}` placeholders. */
export const template = z.string().superRefine((text, context) => {
  const fault = templateFault(text);
  if (fault !== null) context.addIssue({ code: "custom", message: fault });
});

// As an address with every placeholder filled: one at its beginning is a whole origin, one after a colon a port.
const exampleOf = (text: string): string =>
  readTemplate(text).reduce<string>((before, part) => {
    if (typeof part === "string") return before + part;
    return before + (before === "" ? "https://x" : before.endsWith(":") ? "1" : "x");
  }, "");

/** An address that may have placeholders; of several joined by `||` each is one. */
export const urlTemplate = template.refine(
  (text) => splitOutside(text, "||").every((one) => isUrl(exampleOf(one.trim()))),
  `must be an address like https://\${connectionConfig.name}.example.com/v1`,
);

export const address = z.string().refine(isUrl, "must be an address like https://example.com/docs");

export const oneOrMore = z.union([z.string(), z.array(z.string())], { error: "must be a text or a list of texts" });
export const texts = z.record(z.string(), z.string());
export const templates = z.record(z.string(), template);

type Tree = string | number | boolean | null | Tree[] | { [key: string]: Tree };
const Tree: z.ZodType<Tree> = z.lazy(() =>
  z.union([template, z.number(), z.boolean(), z.null(), z.array(Tree), z.record(z.string(), Tree)], {
    error: "must be JSON whose texts are templates that can be read",
  }),
);

/** Parameters: texts with placeholders, at any depth. */
export const params = z.record(z.string(), Tree);

/** How an answer is written: form, JSON, XML or in the query. */
export const bodyFormat = z.enum(["form", "json", "query", "xml"]);
export const httpMethod = z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]);
export const metadataPaths = z.array(z.string().min(1));
