// The one place where signatures, tokens and secrets are compared: in a time that says nothing about where they differ.
import { createHash, timingSafeEqual } from "node:crypto";

const digest = (value: string | Buffer): Buffer => createHash("sha256").update(value).digest();

/** Of texts of any length: their digests are as long as each other. */
export const isSameText = (left: string, right: string): boolean => timingSafeEqual(digest(left), digest(right));

/** Of digests; one of another length is another one. */
export const isSameDigest = (left: Buffer, right: Buffer): boolean =>
  left.length === right.length && timingSafeEqual(left, right);

const SHAPES = { hex: /^(?:[0-9a-fA-F]{2})+$/, base64: /^[A-Za-z0-9+/]+={0,2}$/ };

/** The bytes of a signature; nothing when it is not written in this encoding. Node's own decoding would skip over what is not. */
export const decodeSignature = (text: string, encoding: "hex" | "base64"): Buffer | undefined =>
  SHAPES[encoding].test(text) ? Buffer.from(text, encoding) : undefined;
