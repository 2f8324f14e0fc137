// POST /functions/deployments and GET /functions/deployments/:id: one function from its text, or a ready-made one.
import { z } from "zod";
import { findFunctions } from "../../db/function-configs.ts";
import { deployFunctions, listDeployLosses } from "../../db/functions.ts";
import { inTransaction } from "../../db/tx.ts";
import { AppError } from "../../errors.ts";
import { compileCode } from "../../functions/compile-code.ts";
import type { CompiledFunction } from "../../functions/definition.ts";
import { templatesOf } from "../../functions/templates.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { mustKnow } from "../integrations/integration-shape.ts";
import { Name, ProviderConfigKey, plainText } from "../patterns.ts";
import { Code } from "./function-compile.ts";
import { Begun, functionJobs, JobParams, jobFields, type Outcome, RunnableType } from "./function-jobs.ts";

const CodeBody = z.strictObject({
  type: z.literal("function"),
  integration_id: ProviderConfigKey,
  function_name: Name,
  function_type: RunnableType,
  code: Code,
  version: plainText(255).optional().meta({ description: "Instead of the version in the text." }),
  allow_destructive: z.boolean().default(false).meta({
    description: "Deploy it also when models that hold records are not kept up to date any more.",
  }),
});

const TemplateBody = z.strictObject({
  type: z.literal("template"),
  integration_id: ProviderConfigKey,
  template: Name.meta({ description: "A name that GET /providers/:provider/templates has." }),
  function_type: RunnableType.optional(),
});

const Body = z.discriminatedUnion("type", [CodeBody, TemplateBody]);

const Result = z.strictObject({
  ...jobFields,
  function_name: z.string(),
  deployed: z.boolean().optional(),
  deployed_functions: z.array(z.strictObject({ name: z.string(), version: z.string() })).optional(),
});

type Target = { environment: number; integration: string; provider: string };

const describeLosses = (losses: Awaited<ReturnType<typeof listDeployLosses>>): string =>
  losses
    .map(({ model, records, connections }) => `${model} (${records} records, ${connections} connections)`)
    .join(", ");

const shared = { tag: "Functions", scope: "deploy" } as const;

/** Deployments of single functions: two or three statements until the answer, and one transaction after it. */
export const functionDeploymentEndpoints = (deps: HttpDeps): Endpoint[] => {
  const { db } = deps;
  const jobs = functionJobs(deps);

  const deployed = ({ environment, integration }: Target, kind: string, name: string) =>
    findFunctions(db, { environment, uniqueKey: integration, name, kind });

  const deploy = async (environment: number, compiled: CompiledFunction, o: { source: string; mayLose: boolean }) => {
    const deployment = { environment, functions: [compiled], mode: "single" };
    await inTransaction(db, async (client) => {
      const losses = await listDeployLosses(client, deployment);
      if (losses.length > 0 && !o.mayLose) {
        const message = `Nothing would keep these up to date any more: ${describeLosses(losses)}.`;
        throw new AppError("deployment_error", message, { payload: { losses } });
      }
      await deployFunctions(client, { ...deployment, source: o.source });
    });
    const { name, definition } = compiled;
    return {
      output: `Deployed ${compiled.integration}/${name}.`,
      deployed: true,
      deployed_functions: [{ name, version: definition.version }],
    } satisfies Outcome;
  };

  const deployCode = async (target: Target, body: z.output<typeof CodeBody>) => {
    const { function_name: name, function_type: type, code, version } = body;
    const [present] = await deployed(target, type, name);
    if (present?.source === "repo") throw new AppError("function_managed_by_deploy");
    const { environment, integration } = target;
    return jobs.begin(environment, { kind: "deployment", integration, name, type }, async () => {
      const compiled = await compileCode({ integration, name, code, version });
      if (compiled.kind !== type) throw new AppError("deployment_error", `The text is of a ${compiled.kind}.`);
      return await deploy(environment, compiled, { source: "standalone", mayLose: body.allow_destructive });
    });
  };

  const deployTemplate = async (target: Target, body: z.output<typeof TemplateBody>) => {
    const { template: name, function_type: wanted } = body;
    const { environment, integration, provider } = target;
    const all = await templatesOf(provider);
    const found = all.filter((one) => one.name === name && (wanted === undefined || one.kind === wanted));
    const [template] = found;
    if (template === undefined) throw new AppError("template_not_found", `"${provider}" has no template "${name}".`);
    if (found.length > 1) {
      const matches = found.map((one) => ({ type: one.kind, name }));
      throw new AppError("ambiguous_function", undefined, { payload: { matches } });
    }
    if ((await deployed(target, template.kind, name)).length > 0) throw new AppError("template_already_deployed");
    const type = RunnableType.parse(template.kind);
    return jobs.begin(environment, { kind: "deployment", integration, name, type }, () =>
      deploy(environment, { ...template, integration }, { source: "catalog", mayLose: false }),
    );
  };

  return [
    endpoint(
      {
        ...shared,
        method: "post",
        path: "/functions/deployments",
        says: "Deploy one function",
        more: "A text (type function) or a ready-made function (type template). A folder's deployment leaves it alone.",
        body: Body,
        answers: { 202: { says: "It is being deployed: look for the outcome.", body: Begun } },
        errors: [
          "integration_not_found",
          "template_not_found",
          "template_already_deployed",
          "ambiguous_function",
          "function_managed_by_deploy",
          "compilation_error",
          "execution_environment_unavailable",
        ],
      },
      async ({ environment, body }) => {
        const integration = body.integration_id;
        const { provider } = await mustKnow(db, environment.id, integration);
        const target = { environment: environment.id, integration, provider };
        return body.type === "function" ? await deployCode(target, body) : await deployTemplate(target, body);
      },
    ),
    endpoint(
      {
        ...shared,
        method: "get",
        path: "/functions/deployments/:id",
        says: "What came of deploying one function",
        params: JobParams,
        answers: { 200: { says: "The deployment as it stands; it is kept for a day.", body: Result } },
        errors: ["deployment_not_found"],
      },
      async ({ environment, params: { id } }) => {
        const { job, shown, outcome } = await jobs.find(environment.id, "deployment", id, "deployment_not_found");
        return { ...shown, function_name: job.function_name!, ...outcome };
      },
    ),
  ];
};
