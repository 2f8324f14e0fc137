// `syncline undo <run>`: take back what a run of a sync changed, after a look at what that means.
import type { Command } from "commander";
import { serverApi } from "./server-api.ts";
import { formatTable } from "./table.ts";

type Options = { preview?: boolean; rewind: boolean; json?: true };
type Model = Record<"removed" | "restored" | "reverted" | "changed_since" | "unrecoverable", number> & {
  model: string;
};
type Answer = { undo_run?: number | null; models: Model[] };

const COLUMNS = ["model", "removed", "restored", "reverted", "changed_since", "unrecoverable"] as const;

const tell = ({ undo_run: made, models }: Answer, isPreview: boolean): string => {
  if (models.length === 0) return "The run changed nothing.";
  const table = formatTable(
    [...COLUMNS],
    models.map((model) => COLUMNS.map((name) => model[name])),
  );
  return isPreview ? table : `${table}\n\nDone by run ${made}, which can be undone too.`;
};

const run = async (id: string, { preview = false, rewind, json }: Options): Promise<void> => {
  const api = serverApi();
  const path = `/runs/${encodeURIComponent(id)}/undo`;
  const answer = preview ? await api.get<Answer>(path) : await api.post<Answer>(path, { rewind });
  process.stdout.write(`${json ? JSON.stringify(answer) : tell(answer, preview)}\n`);
};

export const addUndoCommand = (program: Command): void => {
  program
    .command("undo <run>")
    .description("take back what a finished run of a sync changed, by its number; pause the sync first")
    .option("--preview", "say what would be done, and do nothing")
    .option("--no-rewind", "let the sync go on from where it is, not from where the run began")
    .option("--json", "print the answer as JSON")
    .action(run);
};
