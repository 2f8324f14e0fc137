// HubSpot contacts: all of them each time, because HubSpot lists them by id and not by change.
import { createSync } from "syncline";
import { z } from "zod";

const PROPERTIES = "firstname,lastname,email,phone,jobtitle,company,createdate,lastmodifieddate";

const Contact = z.object({
  id: z.string(),
  firstName: z.string().optional(),
  lastName: z.string().optional(),
  email: z.string().optional(),
  phone: z.string().optional(),
  jobTitle: z.string().optional(),
  company: z.string().optional(),
  createdAt: z.string(),
  updatedAt: z.string(),
});

type Property = "firstname" | "lastname" | "email" | "phone" | "jobtitle" | "company";

type Row = {
  id: string;
  properties: Record<Property, string | null>;
  createdAt: string;
  updatedAt: string;
};

type Page = { results: Row[]; paging?: { next?: { after: string } } };

const toContact = ({ id, properties, createdAt, updatedAt }: Row): z.infer<typeof Contact> => ({
  id,
  firstName: properties.firstname ?? undefined,
  lastName: properties.lastname ?? undefined,
  email: properties.email ?? undefined,
  phone: properties.phone ?? undefined,
  jobTitle: properties.jobtitle ?? undefined,
  company: properties.company ?? undefined,
  createdAt,
  updatedAt,
});

export default createSync({
  description: "All contacts of HubSpot each time; contacts deleted or archived there are deleted.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["oauth", "crm.objects.contacts.read"],
  checkpoint: z.object({ after: z.string() }),
  models: { Contact },
  exec: async (nango) => {
    let after = (await nango.getCheckpoint())?.after;
    await nango.trackDeletesStart("Contact");
    do {
      const { data } = await nango.get<Page>({
        endpoint: "/crm/v3/objects/contacts",
        params: { limit: 100, properties: PROPERTIES, ...(after !== undefined && { after }) },
        retries: 3,
      });
      await nango.batchSave(data.results.map(toContact), "Contact");
      after = data.paging?.next?.after;
      if (after !== undefined) await nango.saveCheckpoint({ after });
    } while (after !== undefined);
    // In this order: a checkpoint that outlived the end would let the next run see, and keep, the last pages only.
    await nango.clearCheckpoint();
    await nango.trackDeletesEnd("Contact");
  },
});
