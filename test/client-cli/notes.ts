// A folder of three functions as an author writes them for the published command line: a sync that goes on from its
// checkpoint, an action, and one for new connections.

/** `mark` is put before each text it stores. */
export const notesSync = (mark = ""): string => `import { createSync } from "nango";
import { z } from "zod";

export default createSync({
  description: "All notes, in the order in which they were written",
  version: "1.0.0",
  frequency: "every day", // no tick of its own while the test looks
  autoStart: true,
  checkpoint: z.object({ after: z.number() }),
  models: { Note: z.object({ id: z.string(), text: z.string() }) },
  exec: async (nango) => {
    let after = (await nango.getCheckpoint())?.after ?? 0;
    for (;;) {
      const { data } = await nango.get<{ notes: { number: number; text: string }[] }>({
        endpoint: "/notes",
        params: { after: String(after) },
        retries: 3,
      });
      const last = data.notes.at(-1);
      if (last === undefined) return;
      await nango.batchSave(data.notes.map(({ number, text }) => ({ id: String(number), text: "${mark}" + text })), "Note");
      after = last.number;
      await nango.saveCheckpoint({ after });
    }
  },
});
`;

const WRITE_NOTE = `import { createAction } from "nango";
import { z } from "zod";

export default createAction({
  description: "Write a note",
  input: z.object({ text: z.string() }),
  output: z.object({ number: z.number() }),
  exec: async (nango, input) => {
    const { data } = await nango.post<{ number: number }>({ endpoint: "/notes", data: input });
    return { number: data.number };
  },
});
`;

const GREET = `import { createOnEvent } from "nango";
import { z } from "zod";

export default createOnEvent({
  description: "Notes that there is a connection",
  event: "post-connection-creation",
  metadata: z.object({ greeted: z.boolean() }),
  exec: async (nango) => {
    await nango.updateMetadata({ greeted: true });
  },
});
`;

export const NOTES: { [file: string]: string } = {
  "notes/syncs/notes.ts": notesSync(),
  "notes/actions/write-note.ts": WRITE_NOTE,
  "notes/on-events/greet.ts": GREET,
};
