// Xero items: what an organisation buys and sells. Xero sends all of them at once, and names none that was deleted.
import { createSync, type NangoBase } from "syncline";
import { z } from "zod";

const Item = z.object({
  id: z.string(),
  item_code: z.string(),
  name: z.string().optional(),
  description: z.string().optional(),
  /** The account that sales of the item are booked to. */
  account_code: z.string().optional(),
});

const Metadata = z.object({ tenantId: z.string().optional() });

/** Xero leaves out what has no value. */
type Row = {
  ItemID: string;
  Code: string;
  Name?: string;
  Description?: string;
  SalesDetails?: { AccountCode?: string };
};

type Tenant = { tenantId: string; tenantType: string; tenantName: string };

const toItem = (row: Row): z.infer<typeof Item> => ({
  id: row.ItemID,
  item_code: row.Code,
  name: row.Name,
  description: row.Description,
  account_code: row.SalesDetails?.AccountCode,
});

/** The organisation: one authorization may cover several, and every request must name one. */
const findTenant = async (nango: NangoBase): Promise<string> => {
  const { tenantId } = Metadata.parse((await nango.getMetadata()) ?? {});
  if (tenantId !== undefined) return tenantId;
  const { connection_config } = await nango.getConnection();
  const { tenant_id } = z.object({ tenant_id: z.string().optional() }).parse(connection_config ?? {});
  if (tenant_id !== undefined) return tenant_id;
  const { data } = await nango.get<Tenant[]>({ endpoint: "/connections", retries: 3 });
  const [only, ...others] = data.filter(({ tenantType }) => tenantType === "ORGANISATION");
  if (only !== undefined && others.length === 0) return only.tenantId;
  const names = data.map(({ tenantId: id, tenantName }) => `${id} (${tenantName})`).join(", ");
  throw new nango.ActionError({ message: `Set tenantId in the metadata to one of: ${names || "none was authorized"}` });
};

export default createSync({
  description: "All items of a Xero organisation each time; items deleted there are deleted.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["accounting.settings.read"],
  metadata: Metadata,
  models: { Item },
  exec: async (nango) => {
    const tenant = await findTenant(nango);
    await nango.trackDeletesStart("Item");
    const { data } = await nango.get<{ Items: Row[] }>({
      endpoint: "/api.xro/2.0/Items",
      headers: { "xero-tenant-id": tenant },
      retries: 3,
    });
    await nango.batchSave(data.Items.map(toItem), "Item");
    await nango.trackDeletesEnd("Item");
  },
});
