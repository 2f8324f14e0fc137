// What a rule says about the webhooks of a provider: how they are signed, what they tell, whom they are about, what the provider expects.
import { z } from "zod";

const HeaderName = z.string().regex(/^[a-z0-9-]+$/, "must be a header name in lower case");
const dots = (path: string): string[] => (path === "" ? [] : path.split("."));

/** Where a value stands in parsed JSON: names with dots between; `*` is each item of an array; empty is the whole. */
const Path = z.string().transform(dots);

const Taken = z.strictObject({
  /** In the part: the event itself, where the body is split into several. */
  path: Path.optional(),
  /** In the whole body. */
  body: Path.optional(),
  header: HeaderName.optional(),
  query: z.string().optional(),
  constant: z.string().optional(),
  /** Several paths in the part as one text; nothing when one of them is missing. */
  join: z.array(Path).optional(),
  with: z.string().default("."),
  /** What the value holds in itself, taken before `pick`. */
  decode: z.enum(["uri", "base64"]).optional(),
  /** The first group of this pattern counts; nothing when it does not fit. */
  pick: z.codec(z.string(), z.instanceof(RegExp), { decode: (text) => new RegExp(text), encode: String }).optional(),
  hash: z.enum(["sha256"]).optional(),
});

const PLACES = ["path", "body", "header", "query", "constant", "join"] as const;

/** Where a value comes from; a plain text is a path in the part. */
export const Source = z.union([
  Path.transform((path): z.output<typeof Taken> => ({ path, with: "." })),
  Taken.refine((source) => PLACES.filter((place) => source[place] !== undefined).length === 1, {
    message: `must name exactly one of ${PLACES.join(", ")}`,
  }),
]);
export type Source = z.output<typeof Source>;

const oneOrMore = <T extends z.ZodType>(one: T) =>
  z.union([one.transform((value) => [value]), z.array(one)]) as z.ZodType<z.output<T>[], z.input<T> | z.input<T>[]>;

/** Fits when all of its sources do: have this value, or any value where `is` is left out. */
const Condition = z.strictObject({ value: Source, is: z.string().optional(), missing: z.boolean().default(false) });
export type Condition = z.output<typeof Condition>;

/** When a signature was made, and how far that may be from now. */
const Timestamp = z.strictObject({
  /** Its own header; where it is left out it stands as `t` among the pairs of the signature's header. */
  header: HeaderName.optional(),
  unit: z.enum(["s", "ms", "iso"]).default("s"),
  toleranceSeconds: z.number().int().min(1).default(300),
});

/**
 * What is signed, as pieces: `{body}`, `{timestamp}`, `{method}`, `{url}`, `{secret}`, `{header:name}` and plain text between them.
 */
const Signed = z.string().transform((template) => template.split(/(\{[^}]+\})/).filter((piece) => piece !== ""));

const signature = {
  header: HeaderName,
  /** Headers that must have these values for the scheme to be the one that counts. */
  when: z.record(HeaderName, z.string()).default({}),
  hash: z.enum(["sha1", "sha256", "sha512"]).default("sha256"),
  encoding: z.enum(["hex", "base64"]).default("hex"),
  /** What stands before the signature; it may be left out by the sender only if it is empty. */
  prefix: z.string().default(""),
  /** `one`: the header is the signature. `pairs`: `t=…,v1=…,v1=…`. `list`: several, commas between. Any that fits counts. */
  layout: z.enum(["one", "pairs", "list"]).default("one"),
  /** The name of the signatures among the pairs. */
  pair: z.string().default("v1"),
  signed: Signed.default(["{body}"]),
  timestamp: Timestamp.optional(),
};

const Hmac = z.strictObject({ scheme: z.literal("hmac"), ...signature });
export type Hmac = z.output<typeof Hmac>;

const Scheme = z.discriminatedUnion("scheme", [Hmac]);
export type Scheme = z.output<typeof Scheme>;

/** A secret: of the integration, the key that follows from a GitHub-like app, or a field of the metadata of the connections it is about. */
const Secret = z.enum(["webhookSecret", "clientSecret", "app"]).or(z.templateLiteral(["metadata.", z.string()]));
export type Secret = z.output<typeof Secret>;

const Verification = z.strictObject({
  /** Each one that is set may fit. */
  secrets: z.array(Secret).default([]),
  /** Without a secret it is refused; else it is taken as unverified. */
  required: z.boolean().default(false),
  /** The first whose header is there counts. */
  schemes: z.array(Scheme).min(1),
});

const Split = z.strictObject({
  at: Path,
  /** In this order: items by this path, those that fulfil `first` before others of the same value. */
  orderBy: Path.optional(),
  first: Condition.optional(),
  /** Left out are items that fulfil this. */
  skip: Condition.optional(),
});

const LookupBy = z
  .enum(["all", "connectionId"])
  .or(z.templateLiteral(["metadata.", z.string()]))
  .or(z.templateLiteral(["config.", z.string()]));

/** `all` counts only where no lookup before it has a value. */
const LookupRule = z.strictObject({ by: LookupBy, value: oneOrMore(Source).optional() });

const Answer = z.strictObject({
  status: z.number().int().min(200).max(299).default(200),
  headers: z.record(HeaderName, z.string()).default({}),
  /** A text as it is; anything else as JSON; nothing when it is null. */
  body: z.unknown(),
});
export type Answer = z.output<typeof Answer>;

export const WebhookRule = z.strictObject({
  methods: z.array(z.enum(["GET", "POST"])).default(["POST"]),
  /** The query parameters that are taken notice of. */
  query: z.array(z.string()).default([]),
  verification: Verification.optional(),
  /** The provider's own id of the webhook. */
  delivery: Source.optional(),
  events: oneOrMore(Source).default([]),
  split: Split.optional(),
  lookups: z.array(LookupRule).default([]),
  /** What functions get: the body, or the headers where they are the event. */
  from: z.enum(["body", "headers"]).default("body"),
  answer: Answer.default({ status: 200, headers: {}, body: { status: "success" } }),
});
export type WebhookRule = z.output<typeof WebhookRule>;
