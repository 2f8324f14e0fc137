// Airtable bases that the connected user gave access to: all of them each time, as Airtable cannot list changed ones.
import { createSync } from "syncline";
import { z } from "zod";

const Base = z.object({
  id: z.string(),
  name: z.string(),
  permissionLevel: z.string(),
});

type Row = z.infer<typeof Base>;

const toBase = ({ id, name, permissionLevel }: Row): z.infer<typeof Base> => ({ id, name, permissionLevel });

export default createSync({
  description: "All bases of Airtable each time; bases deleted or no longer shared there are deleted.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["schema.bases:read"],
  models: { Base },
  exec: async (nango) => {
    await nango.trackDeletesStart("Base");
    const pages = nango.paginate<Row>({
      endpoint: "/v0/meta/bases",
      // Pages hold 1,000 bases; their size cannot be asked for.
      paginate: {
        type: "cursor",
        cursor_name_in_request: "offset",
        cursor_path_in_response: "offset",
        response_path: "bases",
      },
      retries: 5, // after a 429 Airtable refuses everything for 30 s, and three retries wait 21 s only
    });
    for await (const page of pages) await nango.batchSave(page.map(toBase), "Base");
    await nango.trackDeletesEnd("Base");
  },
});
