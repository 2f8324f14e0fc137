// HubSpot companies: all of them each time, because HubSpot lists them by id and not by change.
import { createSync } from "syncline";
import { z } from "zod";

const PROPERTIES = "name,domain,industry,city,state,country,phone,website,description,createdate,hs_lastmodifieddate";

const Company = z.object({
  id: z.string(),
  name: z.string().optional(),
  domain: z.string().optional(),
  industry: z.string().optional(),
  city: z.string().optional(),
  state: z.string().optional(),
  country: z.string().optional(),
  phone: z.string().optional(),
  website: z.string().optional(),
  description: z.string().optional(),
  createdAt: z.string(),
  updatedAt: z.string(),
});

type Property = "name" | "domain" | "industry" | "city" | "state" | "country" | "phone" | "website" | "description";

type Row = {
  id: string;
  properties: Record<Property, string | null>;
  createdAt: string;
  updatedAt: string;
};

type Page = { results: Row[]; paging?: { next?: { after: string } } };

const toCompany = ({ id, properties, createdAt, updatedAt }: Row): z.infer<typeof Company> => ({
  id,
  name: properties.name ?? undefined,
  domain: properties.domain ?? undefined,
  industry: properties.industry ?? undefined,
  city: properties.city ?? undefined,
  state: properties.state ?? undefined,
  country: properties.country ?? undefined,
  phone: properties.phone ?? undefined,
  website: properties.website ?? undefined,
  description: properties.description ?? undefined,
  createdAt,
  updatedAt,
});

export default createSync({
  description: "All companies of HubSpot each time; companies deleted or archived there are deleted.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["oauth", "crm.objects.companies.read"],
  checkpoint: z.object({ after: z.string() }),
  models: { Company },
  exec: async (nango) => {
    let after = (await nango.getCheckpoint())?.after;
    await nango.trackDeletesStart("Company");
    do {
      const { data } = await nango.get<Page>({
        endpoint: "/crm/v3/objects/companies",
        params: { limit: 100, properties: PROPERTIES, ...(after !== undefined && { after }) },
        retries: 3,
      });
      await nango.batchSave(data.results.map(toCompany), "Company");
      after = data.paging?.next?.after;
      if (after !== undefined) await nango.saveCheckpoint({ after });
    } while (after !== undefined);
    // In this order: a checkpoint that outlived the end would let the next run see, and keep, the last pages only.
    await nango.clearCheckpoint();
    await nango.trackDeletesEnd("Company");
  },
});
