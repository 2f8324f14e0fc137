// Companies, all of them at each run: the list has no deletions, so what is no longer in it was deleted.
import { createSync } from "syncline";
import { z } from "zod";

const Company = z.object({
  id: z.string(),
  name: z.string(),
  domain: z.string(),
  industry: z.string(),
  employees: z.number(),
  is_customer: z.boolean(),
});

type AcmeCompany = z.infer<typeof Company>;

const PAGE = 100;
const STEP_BACK = 25; // more than are likely deleted between two pages, so that one step is enough

const toCompany = ({ id, name, domain, industry, employees, is_customer }: AcmeCompany) => ({
  id,
  name,
  domain,
  industry,
  employees,
  is_customer,
});

export default createSync({
  description: "Companies, compared as a whole to find the deleted ones",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  syncType: "full",
  models: { Company },

  exec: async (nango) => {
    await nango.trackDeletesStart("Company");

    // Offsets count rows. When a row before the offset is deleted while we read, all rows behind it move up and one of them
    // would be skipped, and then be taken for deleted. So each page begins with the last row of the page before: as long as
    // its first row is one we have seen, nothing was skipped. Otherwise we step back until it is one.
    const seen = new Set<string>();
    let offset = 0;
    for (;;) {
      const { data } = await nango.get<{ companies: AcmeCompany[] }>({
        endpoint: "/v1/companies",
        params: { offset, limit: PAGE },
        retries: 5,
      });
      const rows = data.companies;
      if (offset > 0 && !seen.has(rows[0]?.id ?? "")) {
        offset = Math.max(0, offset - STEP_BACK);
        continue;
      }
      // Rows that have not changed cost next to nothing, also those sent twice.
      await nango.batchSave(rows.map(toCompany), "Company");
      for (const { id } of rows) seen.add(id);
      if (rows.length < PAGE) break;
      offset += PAGE - 1;
    }

    // Deletes every company that was not saved since the start. Not reached when a page fails: then nothing is deleted.
    await nango.trackDeletesEnd("Company");
  },
});
