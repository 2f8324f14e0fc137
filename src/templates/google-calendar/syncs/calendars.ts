// Google calendars on the user's list: all of them each time. Google's sync tokens would skip a calendar whose name, time
// zone or description changed, as these belong to the calendar and not to the list.
import { createSync } from "syncline";
import { z } from "zod";

const Calendar = z.object({
  id: z.string(),
  summary: z.string().nullable(),
  description: z.string().nullable(),
  location: z.string().nullable(),
  timeZone: z.string().nullable(),
  summaryOverride: z.string().nullable(),
  colorId: z.string().nullable(),
  backgroundColor: z.string().nullable(),
  foregroundColor: z.string().nullable(),
  hidden: z.boolean(),
  selected: z.boolean(),
  accessRole: z.string().nullable(),
  primary: z.boolean(),
  deleted: z.boolean(),
});

type Row = {
  id: string;
  summary?: string;
  description?: string;
  location?: string;
  timeZone?: string;
  /** The name that the user gave it. */
  summaryOverride?: string;
  colorId?: string;
  backgroundColor?: string;
  foregroundColor?: string;
  accessRole?: string;
  // Google leaves out what is false.
  hidden?: boolean;
  selected?: boolean;
  primary?: boolean;
  deleted?: boolean;
};

const toCalendar = (row: Row): z.infer<typeof Calendar> => ({
  id: row.id,
  summary: row.summary ?? null,
  description: row.description ?? null,
  location: row.location ?? null,
  timeZone: row.timeZone ?? null,
  summaryOverride: row.summaryOverride ?? null,
  colorId: row.colorId ?? null,
  backgroundColor: row.backgroundColor ?? null,
  foregroundColor: row.foregroundColor ?? null,
  hidden: row.hidden ?? false,
  selected: row.selected ?? false,
  accessRole: row.accessRole ?? null,
  primary: row.primary ?? false,
  deleted: row.deleted ?? false,
});

export default createSync({
  description: "All calendars on the user's list each time, hidden ones too; calendars removed from it are deleted.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  scopes: ["https://www.googleapis.com/auth/calendar.calendarlist.readonly"],
  models: { Calendar },
  exec: async (nango) => {
    await nango.trackDeletesStart("Calendar");
    const pages = nango.paginate<Row>({
      endpoint: "/calendar/v3/users/me/calendarList",
      params: { showDeleted: true, showHidden: true },
      paginate: {
        type: "cursor",
        cursor_name_in_request: "pageToken",
        cursor_path_in_response: "nextPageToken",
        response_path: "items",
        limit_name_in_request: "maxResults",
        limit: 250,
      },
      retries: 3,
    });
    for await (const page of pages) {
      // Google names what was removed, and in time stops: then it is missing, and deleted at the end.
      const removed = page.filter(({ deleted }) => deleted);
      await nango.batchSave(page.filter(({ deleted }) => !deleted).map(toCalendar), "Calendar");
      await nango.batchDelete(
        removed.map(({ id }) => ({ id })),
        "Calendar",
      );
    }
    await nango.trackDeletesEnd("Calendar");
  },
});
