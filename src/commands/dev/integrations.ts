// Integrations that a folder is for and the environment lacks: made where a provider has their name.
import { hasCode } from "../../errors.ts";
import type { CompiledFunction } from "../../functions/definition.ts";
import type { Api } from "../api.ts";

const isProvider = async (api: Api, name: string): Promise<boolean> => {
  try {
    await api.get(`/providers/${encodeURIComponent(name)}`);
    return true;
  } catch (error) {
    if (hasCode(error, "unknown_provider") || hasCode(error, "not_found")) return false;
    throw error;
  }
};

/** The names of those that were made; deploying names those that still lack. */
export const makeIntegrations = async (api: Api, functions: CompiledFunction[]): Promise<string[]> => {
  const { data } = await api.get<{ data: { unique_key: string }[] }>("/integrations");
  const known = new Set(data.map(({ unique_key }) => unique_key));
  const missing = new Set(functions.map(({ integration }) => integration).filter((name) => !known.has(name)));
  const made: string[] = [];
  for (const name of missing) {
    if (!(await isProvider(api, name))) continue;
    await api.post("/integrations", { provider: name, unique_key: name });
    made.push(name);
  }
  return made;
};
