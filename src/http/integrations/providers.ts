// GET /providers, /providers/:provider and /providers/:provider/templates: the catalogue.
import type { Request } from "express";
import { z } from "zod";
import { AppError } from "../../errors.ts";
import { templatesOf } from "../../functions/templates.ts";
import { searchCatalogue } from "../../providers/catalogue.ts";
import type { Provider } from "../../providers/schema.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { showTemplate, Template } from "../functions/function-shape.ts";
import { Name } from "../patterns.ts";
import { logoUrl } from "./logo-url.ts";

const ListQuery = z.strictObject({
  search: z.string().max(255).default("").meta({ description: "A part of the name, in any case." }),
});

export const ProviderParams = z.object({ provider: Name });

const WireProvider = z
  .looseObject({ name: z.string(), display_name: z.string(), auth_mode: z.string(), logo_url: z.string() })
  .meta({ id: "Provider", description: "An entry of the catalogue, in the published format." });

const shared = { tag: "Providers", method: "get", access: ["environment", "session"] } as const;

/** The catalogue entries this installation knows; no statement. */
export const providerEndpoints = ({ catalogue }: HttpDeps): Endpoint[] => {
  const show = (req: Request, name: string, provider: Provider) => ({
    ...provider,
    name,
    logo_url: logoUrl(req, name),
  });

  return [
    endpoint(
      {
        ...shared,
        path: "/providers",
        says: "The providers there are",
        client: "listProviders",
        query: ListQuery,
        answers: { 200: { says: "By name.", body: z.strictObject({ data: z.array(WireProvider) }) } },
      },
      ({ query, req }) => {
        const found = searchCatalogue(catalogue, query.search);
        return { data: found.map(({ name, provider }) => show(req, name, provider)) };
      },
    ),
    endpoint(
      {
        ...shared,
        path: "/providers/:provider",
        says: "One provider",
        client: "getProvider",
        params: ProviderParams,
        answers: { 200: { says: "Its entry.", body: z.strictObject({ data: WireProvider }) } },
        errors: ["not_found"],
      },
      ({ params: { provider: name }, req }) => {
        const provider = catalogue.get(name);
        if (provider === undefined) throw new AppError("not_found", `There is no provider "${name}".`);
        return { data: show(req, name, provider) };
      },
    ),
    endpoint(
      {
        ...shared,
        access: "environment",
        path: "/providers/:provider/templates",
        says: "The ready-made functions for a provider",
        more: "POST /functions/deployments switches one on. The first call for a provider takes a second.",
        client: "getProviderTemplates",
        params: ProviderParams,
        answers: { 200: { says: "None for many.", body: z.strictObject({ data: z.array(Template) }) } },
        errors: ["not_found", "execution_environment_unavailable"],
      },
      async ({ params: { provider: name } }) => {
        if (catalogue.get(name) === undefined) throw new AppError("not_found", `There is no provider "${name}".`);
        return { data: (await templatesOf(name)).map(showTemplate) };
      },
    ),
  ];
};
