// POST /deploy as the commands use it.
import type { CompiledFunction } from "../../functions/definition.ts";
import type { Api } from "../api.ts";

export type Mode = "all" | "integration" | "single";

export type Change = {
  integration: string;
  kind: string;
  name: string;
  change: "added" | "updated" | "removed" | "unchanged";
};

/** A model that would be left behind, and how much of it there is. */
export type Loss = {
  integration: string;
  kind: string;
  name: string;
  model: string;
  connections: number;
  records: number;
};

export type Deployment = { changes: Change[]; losses: Loss[] };

type Given = { functions: CompiledFunction[]; mode: Mode };

/** What deploying would change, and leave behind. */
export const planFunctions = async (api: Api, { functions, mode }: Given): Promise<Deployment> => {
  const body = { functions, mode, dry_run: true };
  const { functions: changes, losses } = await api.post<{ functions: Change[]; losses: Loss[] }>("/deploy", body);
  return { changes, losses };
};

/** Deploy; what happened to each function. */
export const sendFunctions = async (api: Api, { functions, mode }: Given): Promise<Change[]> =>
  (await api.post<{ functions: Change[] }>("/deploy", { functions, mode, dry_run: false })).functions;
