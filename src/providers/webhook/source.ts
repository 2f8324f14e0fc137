// Where a rule takes a value from: the body, a part of it, the headers, the query.
import { z } from "zod";

export const HeaderName = z.string().regex(/^[a-z0-9-]+$/, "must be a header name in lower case");

/** Where a value stands in parsed JSON: names with dots between; `*` is each item or field; empty is the whole. */
export const Path = z.string().transform((path) => (path === "" ? [] : path.split(".")));

const place = {
  /** In the part: the event itself, where the body is split into several. */
  path: Path.optional(),
  /** In the whole body. */
  body: Path.optional(),
  header: HeaderName.optional(),
  query: z.string().optional(),
  constant: z.string().optional(),
};
const PLACES = Object.keys(place) as (keyof typeof place)[];
const namesOne = (names: string[], source: object): boolean =>
  names.filter((name) => (source as Record<string, unknown>)[name] !== undefined).length === 1;

const Place = z.strictObject(place).refine((one) => namesOne(PLACES, one), {
  message: `must name exactly one of ${PLACES.join(", ")}`,
});
export type Place = z.output<typeof Place>;

const Taken = z
  .strictObject({
    ...place,
    /** Several as one text; nothing when one of them is missing. */
    join: z.array(z.union([Path.transform((path): Place => ({ path })), Place])).optional(),
    with: z.string().default("."),
    /** What the text says when it is decoded, done before `pick`. */
    decode: z.enum(["uri", "base64"]).optional(),
    /** The first group of this pattern counts; nothing when it does not fit. */
    pick: z
      .string()
      .transform((pattern) => new RegExp(pattern))
      .optional(),
    hash: z.enum(["sha256"]).optional(),
  })
  .refine((source) => namesOne([...PLACES, "join"], source), {
    message: `must name exactly one of ${PLACES.join(", ")}, join`,
  });

/** A plain text is a path in the part. */
export const Source = z.union([Path.transform((path): z.output<typeof Taken> => ({ path, with: "." })), Taken]);
export type Source = z.output<typeof Source>;

export const oneOrMore = <T extends z.ZodType>(one: T) => z.union([one.transform((value) => [value]), z.array(one)]);
