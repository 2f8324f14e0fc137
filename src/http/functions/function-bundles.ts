// The published command line's deployment of its experimental kind of function, which does not exist here: what it sends for
// a folder that has none of them, and nothing else either.
import { z } from "zod";
import { AppError } from "../../errors.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { JsonObject, ProviderConfigKey } from "../patterns.ts";
import { DEPLOY_LIMIT } from "./deploy.ts";

const Body = z.strictObject({
  reconciliationScope: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("environment") }),
    z.strictObject({ kind: z.literal("integration"), integrationId: ProviderConfigKey }),
  ]),
  functions: z.array(JsonObject),
});

const Named = z.array(z.strictObject({ integrationId: z.string(), name: z.string() }));

const Answer = z.strictObject({ created: Named, updated: Named, unchanged: Named, deleted: Named });

const NOTHING = { created: [], updated: [], unchanged: [], deleted: [] };

const MESSAGE = "createFunction is not supported: declare these with createSync, createAction or createOnEvent.";

const bundleEndpoint = (path: string, says: string): Endpoint =>
  endpoint(
    {
      method: "post",
      unaudited: "it changes nothing",
      path,
      tag: "Functions",
      says,
      scope: "deploy",
      body: Body,
      bodyLimit: DEPLOY_LIMIT,
      answers: { 200: { says: "Nothing changes: there are no functions of this kind.", body: Answer } },
      errors: ["functions_deployment_error"],
    },
    async ({ body: { functions } }) => {
      if (functions.length > 0) throw new AppError("functions_deployment_error", MESSAGE);
      return NOTHING;
    },
  );

/** Accepts a deployment of none of these functions; syncs, actions and event functions are not touched by it. */
export const functionBundleEndpoints = (): Endpoint[] => [
  bundleEndpoint(
    "/functions/deployments/bundle/preview",
    "What deploying functions made with createFunction would change",
  ),
  bundleEndpoint("/functions/deployments/bundle", "Deploy functions made with createFunction"),
];
