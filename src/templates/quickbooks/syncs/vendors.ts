// QuickBooks vendors: all active ones each time. QuickBooks deletes no vendor, it only makes one inactive, and then lists it
// no more unless asked for inactive ones.
import { createSync, type NangoBase } from "syncline";
import { z } from "zod";

const PAGE = 100;
const STEP_BACK = 25; // more than are likely made inactive between two pages, so that one step is enough

const Vendor = z.object({
  id: z.string(),
  active: z.boolean(),
  displayName: z.string(),
  givenName: z.string().optional(),
  familyName: z.string().optional(),
  email: z.string().optional(),
  phone: z.string().optional(),
  companyName: z.string().optional(),
  addressLine1: z.string().optional(),
  city: z.string().optional(),
  state: z.string().optional(),
  postalCode: z.string().optional(),
  lastUpdatedTime: z.string(),
});

/** QuickBooks leaves out what has no value. */
type Row = {
  Id: string;
  Active: boolean;
  DisplayName: string;
  GivenName?: string;
  FamilyName?: string;
  CompanyName?: string;
  PrimaryEmailAddr?: { Address?: string };
  PrimaryPhone?: { FreeFormNumber?: string };
  BillAddr?: { Line1?: string; City?: string; CountrySubDivisionCode?: string; PostalCode?: string };
  MetaData: { LastUpdatedTime: string };
};

const toVendor = (row: Row): z.infer<typeof Vendor> => ({
  id: row.Id,
  active: row.Active,
  displayName: row.DisplayName,
  givenName: row.GivenName,
  familyName: row.FamilyName,
  email: row.PrimaryEmailAddr?.Address,
  phone: row.PrimaryPhone?.FreeFormNumber,
  companyName: row.CompanyName,
  addressLine1: row.BillAddr?.Line1,
  city: row.BillAddr?.City,
  state: row.BillAddr?.CountrySubDivisionCode,
  postalCode: row.BillAddr?.PostalCode,
  lastUpdatedTime: row.MetaData.LastUpdatedTime,
});

/** The id of the company, which came with the authorization. */
const companyOf = async (nango: NangoBase): Promise<string> => {
  const { connection_config } = await nango.getConnection();
  const realmId = connection_config?.realmId;
  if (typeof realmId === "string" && /^\d+$/.test(realmId)) return realmId;
  throw new nango.ActionError({ message: "The connection needs realmId, the id of the QuickBooks company" });
};

export default createSync({
  description: "All active vendors of QuickBooks each time; vendors made inactive there are deleted.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["com.intuit.quickbooks.accounting"],
  models: { Vendor },
  exec: async (nango) => {
    const endpoint = `/v3/company/${await companyOf(nango)}/query`;
    await nango.trackDeletesStart("Vendor");
    // Positions count rows. A vendor made inactive moves all behind it up, and one of them would be skipped and then be taken
    // for deleted. So each page begins with the last row of the page before; where it does not, we step back.
    let before = new Set<string>();
    for (let position = 1; ; ) {
      const { data } = await nango.get<{ QueryResponse: { Vendor?: Row[] } }>({
        endpoint,
        params: { query: `SELECT * FROM Vendor STARTPOSITION ${position} MAXRESULTS ${PAGE}` },
        retries: 3,
      });
      const vendors = (data.QueryResponse.Vendor ?? []).map(toVendor);
      if (position > 1 && !before.has(vendors[0]?.id ?? "")) {
        position = Math.max(1, position - STEP_BACK);
        continue;
      }
      await nango.batchSave(vendors, "Vendor");
      if (vendors.length < PAGE) break;
      before = new Set(vendors.map(({ id }) => id));
      position += PAGE - 1;
    }
    await nango.trackDeletesEnd("Vendor");
  },
});
