// A field that a form asks for, as the connect page and checks of what is brought read it.
import { z } from "zod";

/** True for a text that is a regular expression. */
export const isPattern = (text: string): boolean => {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
};

const FieldShape = z.looseObject({
  type: z.enum(["string", "number", "boolean"]).optional(),
  title: z.string().optional(),
  description: z.string().optional(),
  example: z.union([z.string(), z.number()], { error: "must be a text or a number" }).optional(),
  /** One that is none is left out, and named in the entry's notes: a form without a check is better than no form. */
  pattern: z
    .string()
    .transform((text) => (isPattern(text) ? text : undefined))
    .optional(),
  format: z.enum(["hostname", "uri", "uuid", "email", "date", "date-time"]).optional(),
  enum: z.array(z.string()).min(1).optional(),
  default_value: z
    .union([z.string(), z.number(), z.boolean()], { error: "must be a text, number or boolean" })
    .optional(),
  /** What stands before and behind what is typed, on the page only. */
  prefix: z.string().optional(),
  suffix: z.string().optional(),
  /** Where it stands among the fields; those without a number come last, as they are written. */
  order: z.number().optional(),
  optional: z.boolean().optional(),
  secret: z.boolean().optional(),
  /** Not asked for: `hidden` has a default; `automated` is found when the connection is made. */
  hidden: z.boolean().optional(),
  automated: z.boolean().optional(),
  /** Asked for only when another field has this value. */
  visible_when: z.looseObject({ field: z.string(), equals: z.string() }).optional(),
  /** What is said when a value is chosen, by value. */
  warnings: z.record(z.string(), z.string()).optional(),
  doc_section: z.string().optional(),
});

/** A form's fields by name. */
export const Fields = z.record(z.string(), FieldShape).superRefine((fields, context) => {
  for (const [name, { visible_when: when }] of Object.entries(fields)) {
    if (when !== undefined && !Object.hasOwn(fields, when.field)) {
      const message = `there is no field ${when.field} beside it; there are ${Object.keys(fields).join(", ")}`;
      context.addIssue({ code: "custom", path: [name, "visible_when", "field"], message });
    }
  }
});

export type ProviderField = z.infer<typeof FieldShape>;

const isWebAddress = (text: string): boolean => /^https?:\/\//i.test(text) && URL.canParse(text);

/** True for a value of the form that its field wants. Of the formats only an address of the web is a matter of yes or no. */
export const hasForm = ({ pattern, format }: Pick<ProviderField, "pattern" | "format">, value: string): boolean =>
  (pattern === undefined || new RegExp(pattern).test(value)) && (format !== "uri" || isWebAddress(value));
