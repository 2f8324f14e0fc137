// Attio people: all of them each time, because Attio cannot filter its records by their last change.
import { createSync } from "syncline";
import { z } from "zod";

const PAGE = 100;
const STEP_BACK = 25; // more than are likely deleted between two pages, so that one step is enough

const Person = z.object({
  id: z.string(),
  created_at: z.string(),
  web_url: z.string(),
});

type Row = {
  id: { workspace_id: string; object_id: string; record_id: string };
  created_at: string;
  web_url: string;
};

const toPerson = ({ id, created_at, web_url }: Row): z.infer<typeof Person> => ({
  id: id.record_id,
  created_at,
  web_url,
});

export default createSync({
  description: "All people of Attio each time, where to find them there; people deleted there are deleted.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["record_permission:read", "object_configuration:read"],
  models: { Person },
  exec: async (nango) => {
    await nango.trackDeletesStart("Person");
    // Offsets count rows. A person deleted before the offset moves all behind up, and one of them would be skipped and then
    // be taken for deleted. So each page begins with the last row of the page before; where it does not, we step back.
    let before = new Set<string>();
    for (let offset = 0; ; ) {
      const { data } = await nango.post<{ data: Row[] }>({
        endpoint: "/v2/objects/people/records/query",
        // New people come last in this order.
        data: { limit: PAGE, offset, sorts: [{ direction: "asc", attribute: "created_at" }] },
        retries: 3,
      });
      const people = data.data.map(toPerson);
      if (offset > 0 && !before.has(people[0]?.id ?? "")) {
        offset = Math.max(0, offset - STEP_BACK);
        continue;
      }
      await nango.batchSave(people, "Person");
      if (people.length < PAGE) break;
      before = new Set(people.map(({ id }) => id));
      offset += PAGE - 1;
    }
    await nango.trackDeletesEnd("Person");
  },
});
