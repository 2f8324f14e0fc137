// Some providers want to see the integration's client with every request, beside the connection's credentials: Etsy, MYOB, Deel.
import type { Provider } from "./schema.ts";

/** True when requests to the provider name the integration's client. */
export const sendsClient = (provider: Provider | undefined): boolean => {
  const { headers, query } = provider?.proxy ?? {};
  return [headers, query].some((texts) =>
    Object.values(texts ?? {}).some((text) => /\bclient(Id|Secret)\b/.test(text)),
  );
};
