// Salesforce opportunities: new and changed ones, in the order in which Salesforce changed them.
import { createSync } from "syncline";
import { z } from "zod";

const FIELDS = "Id, Name, Amount, StageName, CloseDate, OwnerId, SystemModstamp";

const Opportunity = z.object({
  id: z.string(),
  name: z.string(),
  amount: z.number().optional(),
  stage: z.string(),
  close_date: z.string(),
  owner_id: z.string(),
  updated_at: z.string(),
});

type Row = {
  Id: string;
  Name: string;
  Amount: number | null;
  StageName: string;
  CloseDate: string;
  OwnerId: string;
  SystemModstamp: string;
};

const toOpportunity = (row: Row): z.infer<typeof Opportunity> => ({
  id: row.Id,
  name: row.Name,
  amount: row.Amount ?? undefined,
  stage: row.StageName,
  close_date: row.CloseDate,
  owner_id: row.OwnerId,
  updated_at: row.SystemModstamp,
});

export default createSync({
  description: "Opportunities of Salesforce, new and changed ones each time. Opportunities deleted there stay.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["api", "refresh_token"],
  checkpoint: z.object({ changed_since: z.string() }),
  models: { Opportunity },
  exec: async (nango) => {
    const since = (await nango.getCheckpoint())?.changed_since;
    // Not `>`: more opportunities may have been changed in the very millisecond of the last one.
    const where = since === undefined ? "" : ` WHERE SystemModstamp >= ${new Date(since).toISOString()}`;
    const pages = nango.paginate<Row>({
      endpoint: "/services/data/v59.0/query",
      params: { q: `SELECT ${FIELDS} FROM Opportunity${where} ORDER BY SystemModstamp ASC` },
      paginate: { type: "link", link_path_in_response_body: "nextRecordsUrl", response_path: "records" },
      retries: 3,
    });
    for await (const page of pages) {
      const last = page.at(-1);
      if (last === undefined) break;
      await nango.batchSave(page.map(toOpportunity), "Opportunity");
      await nango.saveCheckpoint({ changed_since: last.SystemModstamp });
    }
  },
});
