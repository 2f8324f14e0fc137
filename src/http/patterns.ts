// The texts that name things, as every endpoint accepts them.
import { z } from "zod";

const MAX = 255;

export const ProviderConfigKey = z
  .string()
  .regex(/^[a-zA-Z0-9~:.@ _-]+$/)
  .max(MAX);
export const ConnectionId = z
  .string()
  .regex(/^[a-zA-Z0-9,.;:=+~[\]|@${}"'\\/_ -]+$/)
  .max(MAX);
export const Name = z
  .string()
  .regex(/^[a-zA-Z0-9_-]+$/)
  .max(MAX);
export const Model = z
  .string()
  .regex(/^[A-Z][a-zA-Z0-9_-]+$/)
  .max(MAX);
/** A text that Postgres can hold. */
export const plainText = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => !text.includes("\0"), "must not hold a NUL character");

/** As the database takes it: the scheme in lower case, nothing in it that is no text. */
export const HttpUrl = z
  .url({ protocol: /^https?$/ })
  .regex(/^https?:\/\/[^\s\p{Cc}]+$/u)
  .max(2048);
export const Time = z.iso.datetime({ offset: true, error: "must be ISO 8601, such as 2026-01-31T12:00:00Z" });
export const JsonObject = z.record(z.string(), z.unknown());

/** Headers that say which connection a request is about. */
export const ConnectionHeaders = z.object({ "connection-id": ConnectionId, "provider-config-key": ProviderConfigKey });
