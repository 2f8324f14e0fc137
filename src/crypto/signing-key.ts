// The key that signs an environment's webhooks, out of its seal.
import { z } from "zod";
import type { DataKeys } from "./data-keys.ts";
import { signingKeyPlace } from "./places.ts";
import { openJson } from "./seal.ts";

/** The key as text. */
export const openSigningKey = async (keys: DataKeys, environment: number, sealed: Buffer): Promise<string> =>
  z.string().parse(openJson(await keys.ofEnvironment(environment), sealed, signingKeyPlace(environment)));
