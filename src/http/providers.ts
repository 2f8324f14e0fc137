// GET /providers and GET /providers/:provider: the catalogue.
import type { Request } from "express";
import { z } from "zod";
import { AppError } from "../errors.ts";
import type { Provider } from "../providers/schema.ts";
import type { Install } from "./deps.ts";
import { logoUrl } from "./logo-url.ts";
import { Name } from "./patterns.ts";
import { readParams, readQuery, refuseQuery } from "./validate.ts";

const ListQuery = z.strictObject({ search: z.string().max(255).default("") });
const Params = z.object({ provider: Name });

/** The catalogue entries this installation knows. */
export const installProviders: Install = (app, { catalogue }) => {
  const show = (req: Request, name: string, provider: Provider) => ({
    ...provider,
    name,
    logo_url: logoUrl(req, name),
  });

  app.get("/providers", (req, res) => {
    const search = readQuery(req, ListQuery).search.toLowerCase();
    const found = catalogue.list().filter(({ name }) => name.toLowerCase().includes(search));
    res.json({ data: found.map(({ name, provider }) => show(req, name, provider)) });
  });

  app.get("/providers/:provider", (req, res) => {
    refuseQuery(req);
    const { provider: name } = readParams(req, Params);
    const provider = catalogue.get(name);
    if (provider === undefined) throw new AppError("not_found", `There is no provider "${name}".`);
    res.json({ data: show(req, name, provider) });
  });
};
