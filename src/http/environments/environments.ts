// /environments: the tenants of an installation. Only account keys see more than one.
import { z } from "zod";
import { createEnvironment } from "../../db/ensure-environments.ts";
import { deleteEnvironment, discardConnections, listEnvironments } from "../../db/environments.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/tx.ts";
import { AppError } from "../../errors.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { translating } from "../validate.ts";

const DISCARDED_AT_ONCE = 100;

const EnvironmentName = z
  .string()
  .regex(/^[a-z0-9_-]+$/)
  .max(255);

const Params = z.strictObject({
  id: z.coerce
    .number()
    .int()
    .min(1)
    .max(2 ** 31 - 1),
});

const Environment = z
  .strictObject({
    id: z.number().int(),
    uuid: z.uuid().meta({ description: "Stands in the URLs to which providers send webhooks." }),
    name: z.string(),
  })
  .meta({ id: "Environment" });

// In slices: a large environment would hold its locks, and one transaction, for minutes.
const discardAll = async (db: Pool, environment: number): Promise<void> => {
  let count: number;
  do {
    count = await inTransaction(db, (client) => discardConnections(client, { environment, limit: DISCARDED_AT_ONCE }));
  } while (count > 0);
};

const shared = { tag: "Environments", access: "account" } as const;

/** Environments. `forgetKeys` makes this process look every key up again; others do within 5 s. */
export const environmentsEndpoints = ({ db, keys }: HttpDeps, forgetKeys: () => void): Endpoint[] => {
  const list = async () => (await listEnvironments(db, {})).map(({ id, uid, name }) => ({ id, uuid: uid, name }));
  return [
    endpoint(
      {
        ...shared,
        method: "get",
        path: "/environments",
        says: "All environments",
        accountScope: "environments:list",
        answers: { 200: { says: "The oldest first.", body: z.strictObject({ data: z.array(Environment) }) } },
      },
      async () => ({ data: await list() }),
    ),
    endpoint(
      {
        ...shared,
        method: "post",
        path: "/environments",
        says: "Make an environment",
        more: "It has a signing key of its own and no API key yet: POST /environment/api-keys makes one.",
        accountScope: "environments:create",
        body: z.strictObject({ name: EnvironmentName }),
        answers: { 200: { says: "The environment.", body: z.strictObject({ data: Environment }) } },
        errors: ["conflict"],
      },
      async ({ body: { name } }) => {
        const id = await createEnvironment({ db, keyring: keys.keyring }, name);
        const made = (await list()).find((one) => one.id === id);
        if (made === undefined) throw new AppError("conflict", `There is an environment "${name}" already.`);
        return { data: made };
      },
    ),
    endpoint(
      {
        ...shared,
        method: "delete",
        path: "/environments/:id",
        says: "Delete an environment with everything in it",
        more: "Its keys work no more, its runs are cancelled, its credentials and records can be opened by nobody. Its rows are swept later. The environment `dev` is made anew, empty, by the next start.",
        accountScope: "environments:delete",
        params: Params,
        answers: { 204: { says: "It is gone." } },
        errors: ["cannot_delete_prod_environment", "not_found"],
      },
      async ({ params: { id } }) => {
        const refusals = {
          "no such environment": "not_found",
          "prod cannot be deleted": "cannot_delete_prod_environment",
        } as const;
        await translating(
          refusals,
          inTransaction(db, (client) => deleteEnvironment(client, { id })),
        );
        forgetKeys();
        await discardAll(db, id);
        return undefined;
      },
    ),
  ];
};
