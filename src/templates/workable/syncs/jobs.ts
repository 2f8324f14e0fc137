// Workable jobs in every state: all of them each time, so that those deleted there are found.
import { createSync } from "syncline";
import { z } from "zod";

const Job = z.object({
  id: z.string(),
  title: z.string(),
  full_title: z.string(),
  shortcode: z.string(),
  code: z.string().optional(),
  state: z.string(),
  confidential: z.boolean().optional(),
  department: z.string().optional(),
  url: z.string(),
  application_url: z.string().optional(),
  shortlink: z.string().optional(),
  workplace_type: z.string().optional(),
  created_at: z.string(),
  updated_at: z.string().optional(),
});

type Row = {
  id: string;
  title: string;
  full_title: string;
  shortcode: string;
  code?: string | null;
  state: string;
  confidential?: boolean;
  department?: string | null;
  url: string;
  application_url?: string | null;
  shortlink?: string | null;
  workplace_type?: string | null;
  created_at: string;
  updated_at?: string | null;
};

const toJob = (row: Row): z.infer<typeof Job> => ({
  id: row.id,
  title: row.title,
  full_title: row.full_title,
  shortcode: row.shortcode,
  code: row.code || undefined, // Workable has "" or null for none
  state: row.state,
  confidential: row.confidential,
  department: row.department || undefined,
  url: row.url,
  application_url: row.application_url ?? undefined,
  shortlink: row.shortlink ?? undefined,
  workplace_type: row.workplace_type ?? undefined,
  created_at: row.created_at,
  updated_at: row.updated_at ?? undefined,
});

export default createSync({
  description: "All jobs of Workable each time, closed and archived ones too; jobs deleted there are deleted.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["r_jobs"],
  models: { Job },
  exec: async (nango) => {
    await nango.trackDeletesStart("Job");
    const pages = nango.paginate<Row>({
      endpoint: "/spi/v3/jobs",
      // The link names the job it goes on after: a job deleted meanwhile pushes none over the edge.
      paginate: {
        type: "link",
        link_path_in_response_body: "paging.next",
        response_path: "jobs",
        limit_name_in_request: "limit",
        limit: 100,
      },
      retries: 10, // ten requests in ten seconds are allowed, for all of an account together
    });
    for await (const page of pages) await nango.batchSave(page.map(toJob), "Job");
    await nango.trackDeletesEnd("Job");
  },
});
