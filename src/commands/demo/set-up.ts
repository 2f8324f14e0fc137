// What somebody sets up once, over the REST API like any user: an integration, a place for webhooks, functions, connections.
import path from "node:path";
import { hasCode } from "../../errors.ts";
import type { Api } from "../api.ts";
import { compileOrExplain } from "../compile-or-explain.ts";
import { type Change, sendFunctions } from "../deploy/send.ts";
import type { Acme } from "./acme.ts";
import type { Receiver } from "./receiver.ts";

export const INTEGRATION = "acme";
export const CUSTOMERS = ["green-valley", "blue-harbour"];

/** The folder of the functions that the demo deploys. */
export const TEMPLATES = path.resolve(import.meta.dirname, "../../templates");

/** Make the integration where there is none, and send its webhooks to the receiver, which learns the signing key. */
export const setUpIntegration = async (api: Api, receiver: Receiver): Promise<void> => {
  try {
    await api.get(`/integrations/${INTEGRATION}`);
  } catch (error) {
    if (!hasCode(error, "not_found")) throw error;
    await api.post("/integrations", { unique_key: INTEGRATION, provider: "acme", display_name: "Acme" });
  }
  const { data } = await api.get<{ data: { webhook_signing_key: string } }>("/environment/signing-key");
  receiver.trust(data.webhook_signing_key);
  await api.patch("/environment/webhooks", { primary_url: receiver.url, on_auth_creation: false });
};

/** Compile and deploy the example functions. */
export const deployExamples = async (api: Api): Promise<Change[]> => {
  const compiled = await compileOrExplain(TEMPLATES, { integrations: [INTEGRATION] });
  const functions = compiled.filter(({ kind }) => kind === "sync");
  return await sendFunctions(api, { functions, mode: "integration" });
};

/** Connect each customer with Acme's API key; one that is connected gets its credentials anew. */
export const connectCustomers = async (api: Api, acme: Acme): Promise<void> => {
  for (const customer of CUSTOMERS) {
    await api.post("/connections", {
      provider_config_key: INTEGRATION,
      connection_id: customer,
      credentials: { type: "API_KEY", apiKey: acme.credentials.apiKey },
      connection_config: { baseUrl: acme.url },
    });
  }
};
