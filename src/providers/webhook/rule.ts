// What a rule says about the webhooks of a provider: how they are signed, what they tell, whom they are about, what the provider expects.
import { z } from "zod";
import { HeaderName, oneOrMore, Path, Source } from "./source.ts";
import { Verification } from "./verification.ts";

/** Fits when the source has this value: any where `is` is left out, none where it says `missing`. */
const Condition = z.strictObject({ value: Source, is: z.string().optional(), missing: z.boolean().default(false) });
export type Condition = z.output<typeof Condition>;

const Split = z.strictObject({
  at: Path,
  /** Items are handled in the order of what stands here; of equal ones those that fulfil `first` before others. */
  orderBy: Path.optional(),
  first: Condition.optional(),
  /** Left out are items that fulfil this. */
  skip: Condition.optional(),
});

const LookupBy = z
  .enum(["all", "connectionId"])
  .or(z.templateLiteral(["metadata.", z.string()]))
  .or(z.templateLiteral(["config.", z.string()]));

/** `all` counts only where no lookup before it has a value: a wrong id must not reach everybody. */
const LookupRule = z.strictObject({ by: LookupBy, value: oneOrMore(Source).default([]) });

const Answer = z.strictObject({
  status: z.number().int().min(200).max(299).default(200),
  headers: z.record(HeaderName, z.string()).default({}),
  /** A text as it is; anything else as JSON; nothing when it is null. */
  body: z.unknown(),
});
export type Answer = z.output<typeof Answer>;

/** What the provider asks to see whether somebody is there. */
const Challenge = z.strictObject({
  method: z.enum(["GET", "POST"]).default("POST"),
  when: z.array(Condition).default([]),
  /** It is this challenge when this has a value, and the value is what is sent back. */
  value: Source,
  /** As a text, in a header of this name, or as JSON with these fields; `hmac`: signed with the webhook secret, in hex. */
  as: z.union([
    z.literal("text"),
    z.strictObject({ header: HeaderName }),
    z.strictObject({ json: z.record(z.string(), z.enum(["value", "hmac"])) }),
  ]),
  /** Answered only when the signature holds: who may have anything signed could sign webhooks. */
  isSigned: z.boolean().default(false),
  /** Kept as a webhook of nobody, as it holds something that somebody must see. */
  isKept: z.boolean().default(false),
});
export type Challenge = z.output<typeof Challenge>;

const SUCCESS = { status: 200, headers: {}, body: { status: "success" } };

const Rule = z.strictObject({
  methods: z.array(z.enum(["GET", "POST"])).default(["POST"]),
  /** The query parameters that are taken notice of. */
  query: z.array(z.string()).default([]),
  verification: Verification.optional(),
  challenges: z.array(Challenge).default([]),
  /**
   * The provider's own id of the webhook, of the first source that has one. `each`: every one that comes is another one,
   * where it says only that something changed and so two may be equal to the byte.
   */
  delivery: z.union([z.literal("each"), oneOrMore(Source)]).default([]),
  events: oneOrMore(Source).default([]),
  split: Split.optional(),
  lookups: z.array(LookupRule).default([]),
  /** What functions get: the body, or the headers where they are the event. */
  from: z.enum(["body", "headers"]).default("body"),
  answer: Answer.default(SUCCESS),
  /** Other answers, where all conditions are met. */
  answers: z.array(Answer.extend({ when: z.array(Condition).min(1) })).default([]),
});

const fromMetadata = ({ verification }: z.output<typeof Rule>): boolean =>
  verification?.secrets.some((secret) => secret.startsWith("metadata.")) ?? false;

export const WebhookRule = Rule.refine((rule) => rule.split === undefined || !fromMetadata(rule), {
  path: ["split"],
  message: "one part's connection may not vouch for another's: no secrets from metadata where the body is split",
});
export type WebhookRule = z.output<typeof WebhookRule>;
