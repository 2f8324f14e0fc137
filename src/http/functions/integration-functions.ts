// GET /integrations/:uniqueKey/functions, GET and DELETE …/:name, GET …/:name/code.
import { z } from "zod";
import {
  countFunctions,
  type DeployedFunction,
  deleteFunction,
  findFunctions,
  getFunctionCode,
  listFunctions,
} from "../../db/function-configs.ts";
import { inTransaction } from "../../db/tx.ts";
import { AppError } from "../../errors.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { IntegrationParams } from "../integrations/integration-shape.ts";
import { Name } from "../patterns.ts";
import { SUCCESS, Success } from "../success.ts";
import { type Refusals, translating } from "../validate.ts";
import { FunctionType, showFunction, WireFunction } from "./function-shape.ts";

const LONGEST_PAGE = 100;

const ListQuery = z.strictObject({
  type: FunctionType.optional(),
  search: z.string().max(255).optional().meta({ description: "A part of the name, in any case." }),
  page: z.coerce.number().int().min(0).max(1_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(LONGEST_PAGE).default(20),
});

const FunctionParams = IntegrationParams.extend({ name: Name });
const OneQuery = z.strictObject({
  type: FunctionType.optional().meta({ description: "Needed when functions of several types share the name." }),
});
const DeleteQuery = z.strictObject({ type: z.enum(["sync", "action"]) });

const Page = z.strictObject({
  data: z.array(WireFunction),
  pagination: z.strictObject({ total: z.number().int(), page: z.number().int(), limit: z.number().int() }),
});

const Code = z.strictObject({ type: FunctionType, code: z.string() });
const Deleted = z.strictObject({ data: Success });

const REFUSALS: Refusals = {
  "no such integration": () => new AppError("not_found", "There is no such integration."),
  "no such function": () => new AppError("not_found", "There is no such function."),
  "function is managed by deploy": "function_managed_by_deploy",
};

const shared = { path: "/integrations/:uniqueKey/functions/:name", tag: "Functions", params: FunctionParams } as const;

type Named = {
  environment: { id: number };
  params: z.output<typeof FunctionParams>;
  query: { type?: z.output<typeof FunctionType> | undefined };
};

/** The functions of one integration. Each of these is one statement, a page of the list and the code are two. */
export const integrationFunctionEndpoints = ({ db }: HttpDeps): Endpoint[] => {
  const findOne = async ({ environment, params, query: { type } }: Named): Promise<DeployedFunction> => {
    const { uniqueKey, name } = params;
    const asked = { environment: environment.id, uniqueKey, name, kind: type ?? null };
    const [found, ...others] = await translating(REFUSALS, findFunctions(db, asked));
    if (found === undefined) throw new AppError("not_found", `"${uniqueKey}" has no such function "${name}".`);
    if (others.length === 0) return found;
    const matches = [found, ...others].map((one) => ({ type: one.kind, name: one.name }));
    throw new AppError("ambiguous_function", undefined, { payload: { matches } });
  };

  return [
    endpoint(
      {
        method: "get",
        path: "/integrations/:uniqueKey/functions",
        tag: "Functions",
        says: "The functions of an integration",
        client: "listFunctions",
        scope: "integrations:list_functions",
        params: IntegrationParams,
        query: ListQuery,
        answers: { 200: { says: "A page, by type and name.", body: Page } },
        errors: ["not_found"],
      },
      async ({ environment, params: { uniqueKey }, query: { type = null, search = null, page, limit } }) => {
        const filter = { environment: environment.id, uniqueKey, kind: type, search };
        const work = Promise.all([
          countFunctions(db, filter),
          listFunctions(db, { ...filter, limit, offset: page * limit }),
        ]);
        const [total, found] = await translating(REFUSALS, work);
        return { data: found.map((one) => showFunction(uniqueKey, one)), pagination: { total, page, limit } };
      },
    ),
    endpoint(
      {
        ...shared,
        method: "get",
        says: "One function",
        client: "getFunction",
        scope: "functions:read",
        query: OneQuery,
        answers: { 200: { says: "The function.", body: z.strictObject({ data: WireFunction }) } },
        errors: ["not_found", "ambiguous_function"],
      },
      async (asked) => ({ data: showFunction(asked.params.uniqueKey, await findOne(asked)) }),
    ),
    endpoint(
      {
        ...shared,
        method: "get",
        path: "/integrations/:uniqueKey/functions/:name/code",
        says: "A function as its author wrote it",
        more: "Not found as well when it was deployed without its text, as by older versions.",
        client: "getFunctionCode",
        scope: "functions:read",
        query: OneQuery,
        answers: { 200: { says: "The file.", body: Code } },
        errors: ["not_found", "ambiguous_function"],
      },
      async (asked) => {
        const { id, kind, name } = await findOne(asked);
        const code = await getFunctionCode(db, { environment: asked.environment.id, function: id });
        if (code === null) throw new AppError("not_found", `"${name}" was deployed without its text.`);
        return { type: kind, code };
      },
    ),
    endpoint(
      {
        ...shared,
        method: "delete",
        says: "Delete a function that was deployed alone or switched on",
        more: "Its syncs end; their records stay until they expire. A function that came with a folder goes with its next deployment.",
        client: "deleteFunction",
        scope: "functions:delete",
        query: DeleteQuery,
        answers: { 200: { says: "It is gone.", body: Deleted } },
        errors: ["not_found", "function_managed_by_deploy"],
      },
      async ({ environment, params: { uniqueKey, name }, query: { type } }) => {
        const asked = { environment: environment.id, uniqueKey, name, kind: type };
        await translating(
          REFUSALS,
          inTransaction(db, (client) => deleteFunction(client, asked)),
        );
        return { data: SUCCESS };
      },
    ),
  ];
};
