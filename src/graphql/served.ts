// PostGraphile's side of the door: one grafserv an environment, on the schema of that environment.
import { grafserv, type NodeGrafserv } from "postgraphile/grafserv/node";
import type { GraphQLSchema } from "postgraphile/graphql";
import { createPreset, type PresetDeps } from "./preset.ts";
import { withoutMutations } from "./read-only.ts";
import type { Asker } from "./request.ts";
import { createBuild } from "./schemas.ts";

type Servers = { reading: NodeGrafserv; writing: NodeGrafserv };

export type Served = {
  /** What answers whoever asks, for an environment; made when it is first asked for. */
  of: (asker: Asker) => Promise<NodeGrafserv>;
  close: () => Promise<void>;
};

/** Read schema `api` and be ready to serve it. */
export const createServed = async (deps: PresetDeps): Promise<Served> => {
  const preset = createPreset(deps);
  const build = await createBuild(preset);
  const served = new Map<number, Promise<Servers>>();
  const open = async (environment: number): Promise<Servers> => {
    const schema = await build(environment);
    const serve = (one: GraphQLSchema) => grafserv({ preset, schema: one });
    return { writing: serve(schema), reading: serve(withoutMutations(schema)) };
  };
  return {
    of: async ({ environment, mayWrite }) => {
      const found = served.get(environment) ?? open(environment);
      served.set(environment, found);
      const { reading, writing } = await found;
      return mayWrite ? writing : reading;
    },
    close: async () => {
      for (const servers of served.values()) for (const server of Object.values(await servers)) await server.release();
    },
  };
};
