// What a rule says about signatures: by which scheme, with which secret, and whether they must be there.
import { z } from "zod";
import { HeaderName, oneOrMore, Path, Source } from "./source.ts";

/** When a signature was made, and how far that may be from now. */
const Timestamp = z.strictObject({
  /** Its own header; where it is left out it stands as `t` among the pairs of the signature's header. */
  header: HeaderName.optional(),
  unit: z.enum(["s", "ms", "iso"]).default("s"),
  toleranceSeconds: z.number().int().min(1).default(300),
});
export type Timestamp = z.output<typeof Timestamp>;

/** Pieces in braces (signed.ts has their list) and plain text between them. */
const Signed = z.string().transform((template) => template.split(/(\{[^}]+\})/).filter((piece) => piece !== ""));

/** A hash over the raw bytes of the body and what `signed` names besides: keyed, or with the secret as one of the pieces. */
const Hash = z.strictObject({
  scheme: z.enum(["hmac", "digest"]),
  header: HeaderName,
  /** Headers that must have these values for this scheme to be the one that counts. */
  when: z.record(HeaderName, z.string()).default({}),
  hash: z.enum(["sha1", "sha256", "sha512"]).default("sha256"),
  encoding: z.enum(["hex", "base64"]).default("hex"),
  /** What stands before each signature. */
  prefix: z.string().default(""),
  isPrefixOptional: z.boolean().default(false),
  /** `one`: the header is the signature. `pairs`: `t=…,v1=…,v1=…`. Any signature that fits counts. */
  layout: z.enum(["one", "pairs"]).default("one"),
  /** The name of the signatures among the pairs. */
  pair: z.string().default("v1"),
  signed: Signed.default(["{body}"]),
  timestamp: Timestamp.optional(),
  /** The key is what the secret says in base64. */
  isSecretBase64: z.boolean().default(false),
});
export type Hash = z.output<typeof Hash>;

/** standard-webhooks.com, and svix, which it comes from: the same under other header names. */
const Standard = z.strictObject({
  scheme: z.literal("standard"),
  names: z.enum(["webhook", "svix"]).default("webhook"),
});
export type Standard = z.output<typeof Standard>;

/** The secret itself is sent along; where there are several values, each must be it. */
const Token = z.strictObject({
  scheme: z.literal("token"),
  value: Source,
  /** Items of which each must have a value. */
  each: Path.optional(),
  /** The secret is sent in base64, as in basic authorization. */
  isEncoded: z.boolean().default(false),
});
export type Token = z.output<typeof Token>;

/** Signed with a private key; the secret is the public one, in PEM: its type says in which header the signature stands. */
const PublicKey = z.strictObject({
  scheme: z.literal("public-key"),
  headers: z.partialRecord(z.enum(["rsa", "ed25519"]), HeaderName),
});
export type PublicKey = z.output<typeof PublicKey>;

/** A bearer token signed by a provider whose public keys stand at an address; the secret, where set, is the e-mail it must name. */
const Jwt = z.strictObject({
  scheme: z.literal("jwt"),
  keysUrl: z.url({ protocol: /^https$/ }),
  issuers: z.array(z.string()).min(1),
});
export type Jwt = z.output<typeof Jwt>;

/** The key of the HMAC stands at an address that the body names, on one of these hosts or below them. */
const FetchedKey = z.strictObject({
  scheme: z.literal("fetched-key"),
  header: HeaderName,
  keyUrl: oneOrMore(Source),
  hosts: z.array(z.string()).min(1),
  /** Where the key stands in what the address gives. */
  keyAt: Path,
});
export type FetchedKey = z.output<typeof FetchedKey>;

const Scheme = z.discriminatedUnion("scheme", [Hash, Standard, Token, PublicKey, Jwt, FetchedKey]);
export type Scheme = z.output<typeof Scheme>;

/**
 * Of the integration; the key that follows from what is known of a GitHub app; or a field of the metadata of the connections
 * that the webhook is about.
 */
const Secret = z.enum(["webhookSecret", "clientSecret", "app"]).or(z.templateLiteral(["metadata.", z.string()]));
export type Secret = z.output<typeof Secret>;

export const Verification = z.strictObject({
  /** Each one that is set may fit. None where keys are fetched. */
  secrets: z.array(Secret).default([]),
  /** Without a secret it is refused; else it is taken as unverified. */
  required: z.boolean().default(false),
  /** The first whose signature is there counts. */
  schemes: z.array(Scheme).min(1),
});
