// GET /environment-variables, and ours to change them: settings and secrets that functions of the environment may read.
import { z } from "zod";
import { environmentVariablePlace } from "../../crypto/places.ts";
import { open, seal } from "../../crypto/seal.ts";
import {
  deleteEnvironmentVariable,
  listEnvironmentVariables,
  setEnvironmentVariable,
} from "../../db/environment-variables.ts";
import { AppError } from "../../errors.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { SUCCESS, Success } from "../success.ts";
import { translating } from "../validate.ts";
import { noteRead } from "./note-read.ts";

const LONGEST = 16_384;

const Params = z.strictObject({
  name: z
    .string()
    .regex(/^[a-zA-Z0-9_.-]+$/)
    .max(255),
});
const Value = z.strictObject({ value: z.string().max(LONGEST) });
const Variable = z.strictObject({ name: z.string(), value: z.string() });

const one = {
  path: "/environment/variables/:name",
  tag: "Settings",
  scope: "variables:write",
  params: Params,
} as const;

/** Variables rest sealed with the environment's key, each for its own name. */
export const environmentVariableEndpoints = ({ db, keys }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "get",
      audited: true,
      path: "/environment-variables",
      tag: "Settings",
      says: "The environment variables, with their values",
      client: "getEnvironmentVariables",
      scope: "variables:read",
      answers: { 200: { says: "By name.", body: z.array(Variable) } },
    },
    async ({ environment }) => {
      const { id } = environment;
      const sealed = await listEnvironmentVariables(db, { environment: id });
      await noteRead(db, environment, "environment.variables_read");
      const key = await keys.ofEnvironment(id);
      return sealed.map(({ name, value_sealed }) => ({
        name,
        value: open(key, value_sealed, environmentVariablePlace(id, name)),
      }));
    },
  ),
  endpoint(
    {
      ...one,
      method: "put",
      says: "Set an environment variable",
      more: "Runs that start from now on read the new value.",
      body: Value,
      answers: { 200: { says: "It is set.", body: Success } },
      errors: ["resource_capped"],
    },
    async ({ environment: { id }, params: { name }, body: { value } }) => {
      const valueSealed = seal(await keys.ofEnvironment(id), value, environmentVariablePlace(id, name));
      const work = setEnvironmentVariable(db, { environment: id, name, valueSealed });
      await translating({ "too many variables": "resource_capped" }, work);
      return SUCCESS;
    },
  ),
  endpoint(
    {
      ...one,
      method: "delete",
      says: "Delete an environment variable",
      answers: { 200: { says: "It is gone.", body: Success } },
      errors: ["not_found"],
    },
    async ({ environment, params: { name } }) => {
      if (!(await deleteEnvironmentVariable(db, { environment: environment.id, name })))
        throw new AppError("not_found", `There is no variable "${name}".`);
      return SUCCESS;
    },
  ),
];
