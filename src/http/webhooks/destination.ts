// Where webhooks may go, said when it is set: later nobody would be there to read it.
import { hasCode } from "../../errors.ts";
import type { HttpDeps } from "../deps.ts";
import { fieldError } from "../validate.ts";

const FIELDS = ["primary_url", "secondary_url", "webhook_url_override"] as const;

type Named = { [field in (typeof FIELDS)[number]]?: string | null | undefined };

/** Rejects with `invalid_body` that names the field when a URL of the body leads to an address that is not allowed here. */
export const checkDestinations = async ({ runs }: Pick<HttpDeps, "runs">, body: Named): Promise<void> => {
  for (const field of FIELDS) {
    if (!body[field]) continue;
    await runs.checkHost(new URL(body[field])).catch((error) => {
      if (!hasCode(error, "host_not_allowed")) throw error;
      const message = `${error.message}; SYNCLINE_ALLOW_PRIVATE_HOSTS names those that are`;
      throw fieldError("invalid_body", [field], message, error);
    });
  }
};
