// PostGraphile's side of the door: grafservs of an environment, on the schema that environment has now.
import { grafserv, type NodeGrafserv } from "postgraphile/grafserv/node";
import type { GraphQLSchema } from "postgraphile/graphql";
import type { DataKeys } from "../crypto/data-keys.ts";
import type { Logger } from "../log.ts";
import { followModels } from "./models/follow.ts";
import { createRecordPages } from "./models/steps.ts";
import { createPreset, type PresetDeps } from "./preset.ts";
import { withoutMutations } from "./read-only.ts";
import type { Asker } from "./request.ts";
import { createBuild } from "./schemas.ts";

export type Served = {
  /** What answers whoever asks, for an environment; made when it is first asked for. */
  of: (asker: Asker) => Promise<NodeGrafserv>;
  close: () => Promise<void>;
};

type Deps = Omit<PresetDeps, "pages"> & { url: string; keys: DataKeys; log: Logger };

/** Read schema `api` and be ready to serve it. */
export const createServed = async ({ url, keys, log, ...deps }: Deps): Promise<Served> => {
  const pages = createRecordPages(keys);
  const preset = createPreset({ ...deps, pages });
  const build = await createBuild(preset, pages);
  const serve = (schema: GraphQLSchema) => {
    const writing: NodeGrafserv = grafserv({ preset, schema });
    const reading: NodeGrafserv = grafserv({ preset, schema: withoutMutations(schema) });
    return {
      writing,
      reading,
      setSchema: (next: GraphQLSchema) => {
        writing.setSchema(next);
        reading.setSchema(withoutMutations(next));
      },
    };
  };
  const models = followModels({ url, log, build, serve });
  return {
    of: async ({ environment, mayWrite }) => {
      const { writing, reading } = await models.of(environment);
      return mayWrite ? writing : reading;
    },
    close: async () => {
      for (const { writing, reading } of await models.close())
        await Promise.all([writing.release(), reading.release()]);
    },
  };
};
