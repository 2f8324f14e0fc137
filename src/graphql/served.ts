// PostGraphile's side of the door: one grafserv an environment, on the schema of that environment.
import { grafserv, type NodeGrafserv } from "postgraphile/grafserv/node";
import { createPreset, type PresetDeps } from "./preset.ts";
import { createBuild } from "./schemas.ts";

export type Served = {
  /** What answers for an environment; made when it is first asked for. */
  of: (environment: number) => Promise<NodeGrafserv>;
  close: () => Promise<void>;
};

/** Read schema `api` and be ready to serve it. */
export const createServed = async (deps: PresetDeps): Promise<Served> => {
  const preset = createPreset(deps);
  const build = await createBuild(preset);
  const served = new Map<number, Promise<NodeGrafserv>>();
  const open = async (environment: number) => grafserv({ preset, schema: await build(environment) });
  return {
    of: (environment) => {
      const found = served.get(environment) ?? open(environment);
      served.set(environment, found);
      return found;
    },
    close: async () => {
      for (const server of served.values()) await (await server).release();
    },
  };
};
