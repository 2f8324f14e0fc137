// Where a provider sends its webhooks to.
import type { Provider } from "../schema.ts";
import { ruleOf } from "./rules.ts";

/** The address on the server at `base`; null for a provider whose webhooks are not taken. */
export const webhookUrl = (
  provider: Provider | undefined,
  { base, environmentUid, uniqueKey }: { base: string; environmentUid: string; uniqueKey: string },
): string | null => {
  if (provider === undefined || ruleOf(provider) === undefined) return null;
  return `${base.replace(/\/+$/, "")}/webhook/${environmentUid}/${encodeURIComponent(uniqueKey)}`;
};
