// Salesforce contacts: new and changed ones, in the order in which Salesforce changed them.
import { createSync } from "syncline";
import { z } from "zod";

const FIELDS =
  "Id, FirstName, LastName, Email, Phone, MobilePhone, Title, Department, AccountId, " +
  "MailingStreet, MailingCity, MailingState, MailingPostalCode, MailingCountry, CreatedDate, SystemModstamp";

const Address = z.object({
  street: z.string().optional(),
  city: z.string().optional(),
  state: z.string().optional(),
  postalCode: z.string().optional(),
  country: z.string().optional(),
});

const Contact = z.object({
  id: z.string(),
  first_name: z.string().optional(),
  last_name: z.string(),
  email: z.string().optional(),
  phone: z.string().optional(),
  mobile_phone: z.string().optional(),
  title: z.string().optional(),
  department: z.string().optional(),
  account_id: z.string().optional(),
  mailing_address: Address.optional(),
  created_at: z.string(),
});

type Row = {
  Id: string;
  FirstName: string | null;
  LastName: string;
  Email: string | null;
  Phone: string | null;
  MobilePhone: string | null;
  Title: string | null;
  Department: string | null;
  AccountId: string | null;
  MailingStreet: string | null;
  MailingCity: string | null;
  MailingState: string | null;
  MailingPostalCode: string | null;
  MailingCountry: string | null;
  CreatedDate: string;
  SystemModstamp: string;
};

const toAddress = (row: Row): z.infer<typeof Address> | undefined => {
  const address = {
    street: row.MailingStreet ?? undefined,
    city: row.MailingCity ?? undefined,
    state: row.MailingState ?? undefined,
    postalCode: row.MailingPostalCode ?? undefined,
    country: row.MailingCountry ?? undefined,
  };
  return Object.values(address).some((part) => part !== undefined) ? address : undefined;
};

const toContact = (row: Row): z.infer<typeof Contact> => ({
  id: row.Id,
  first_name: row.FirstName ?? undefined,
  last_name: row.LastName,
  email: row.Email ?? undefined,
  phone: row.Phone ?? undefined,
  mobile_phone: row.MobilePhone ?? undefined,
  title: row.Title ?? undefined,
  department: row.Department ?? undefined,
  account_id: row.AccountId ?? undefined,
  mailing_address: toAddress(row),
  created_at: row.CreatedDate,
});

export default createSync({
  description: "Contacts of Salesforce, new and changed ones each time. Contacts deleted there stay.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["api", "refresh_token"],
  checkpoint: z.object({ changed_since: z.string() }),
  models: { Contact },
  exec: async (nango) => {
    const since = (await nango.getCheckpoint())?.changed_since;
    // Not `>`: more contacts may have been changed in the very millisecond of the last one.
    const where = since === undefined ? "" : `WHERE SystemModstamp >= ${new Date(since).toISOString()}`;
    const pages = nango.paginate<Row>({
      endpoint: "/services/data/v59.0/query",
      params: { q: `SELECT ${FIELDS} FROM Contact ${where} ORDER BY SystemModstamp ASC` },
      paginate: { type: "link", link_path_in_response_body: "nextRecordsUrl", response_path: "records" },
      retries: 3,
    });
    for await (const page of pages) {
      const last = page.at(-1);
      if (last === undefined) break;
      await nango.batchSave(page.map(toContact), "Contact");
      await nango.saveCheckpoint({ changed_since: last.SystemModstamp });
    }
  },
});
