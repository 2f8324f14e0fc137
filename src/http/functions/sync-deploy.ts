// POST /sync/deploy and its preview: what the published command line sends.
import type { Request, Response } from "express";
import { z } from "zod";
import { previewDeploy, type TouchedFunction } from "../../db/deploy-preview.ts";
import { checkDeploy, type DeployLoss, deployFunctions, listDeployLosses } from "../../db/functions.ts";
import { inTransaction } from "../../db/tx.ts";
import { AppError, hasCode } from "../../errors.ts";
import type { CompiledFunction } from "../../functions/definition.ts";
import { createReceiver, type Received } from "../../functions/receive.ts";
import { untilClosed } from "../closed.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { Name } from "../patterns.ts";
import { checkCliVersion } from "./cli-version.ts";
import { DEPLOY_LIMIT } from "./deploy.ts";
import { ConfirmationBody, DeployBody, Differences, type Package, Results } from "./sync-deploy-shapes.ts";

type Asked<Body> = { environment: { id: number; name: string }; body: Body; req: Request; res: Response };

const toReceived = ({ flowConfigs, onEventScriptsByProvider = [] }: Package): Received[] => [
  ...flowConfigs.map(
    ({ type: kind, providerConfigKey: integration, syncName: name, fileBody, version = "" }, index): Received => {
      const path = ["flowConfigs", String(index), "fileBody", "js"];
      return { kind, integration, name, ...fileBody, version, path };
    },
  ),
  ...onEventScriptsByProvider.flatMap(({ providerConfigKey: integration, scripts }, at) =>
    scripts.map(({ name, fileBody }, index): Received => {
      const path = ["onEventScriptsByProvider", String(at), "scripts", String(index), "fileBody", "js"];
      return { kind: "on-event", integration, name, ...fileBody, version: "", path };
    }),
  ),
];

/** The command line prints the message alone, so what to do about it stands there too. */
const explaining = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    if (!hasCode(error, "SL004")) throw error;
    const { hint } = (error.payload ?? {}) as { hint?: string | null };
    throw new AppError("invalid_body", hint ? `${error.message}. ${hint}` : error.message, { cause: error });
  }
};

const toDifferences = (touched: TouchedFunction[], losses: DeployLoss[]): Differences => {
  const of = (kind: TouchedFunction["kind"], change: TouchedFunction["change"]) =>
    touched.filter((one) => one.kind === kind && one.change === change);
  const named = ({ integration, name }: TouchedFunction) => ({ name, providerConfigKey: integration });
  const syncs = (change: TouchedFunction["change"]) =>
    of("sync", change).map((one) => ({ ...named(one), auto_start: one.auto_start, connections: one.connections }));
  const actions = (change: TouchedFunction["change"]) => of("action", change).map(named);
  const events = (change: TouchedFunction["change"]) =>
    of("on-event", change).map((one) => ({ ...named(one), event: one.event ?? "" }));
  const lost = losses.filter(({ connections, records }) => connections > 0 || records > 0);
  return {
    newSyncs: syncs("added"),
    updatedSyncs: syncs("updated"),
    deletedSyncs: syncs("removed"),
    newActions: actions("added"),
    updatedActions: actions("updated"),
    deletedActions: actions("removed"),
    newOnEventScripts: events("added"),
    updatedOnEventScripts: events("updated"),
    deletedOnEventScripts: events("removed"),
    deletedModels: [...new Set(lost.map(({ model }) => model))],
  };
};

const toResults = (functions: CompiledFunction[]): z.input<typeof Results> =>
  functions.flatMap(({ kind, integration, name, hash, definition: { version, models, frequency } }) =>
    kind === "on-event"
      ? []
      : [
          {
            name,
            version: version || hash.slice(0, 8),
            providerConfigKey: integration,
            type: kind,
            models: Object.keys(models),
            runs: frequency,
          },
        ],
  );

const shared = {
  method: "post",
  tag: "Functions",
  scope: "deploy",
  bodyLimit: DEPLOY_LIMIT,
} as const;
const ERRORS = ["invalid_cli_version", "function_compile_failed"] as const;
const DEPLOYED = { 200: { says: "The syncs and actions that were given, as they are deployed now.", body: Results } };

/** The published command line's deployment: each bundle is read in an isolate, and what it says is deployed as ours are. */
export const syncDeployEndpoints = ({ db }: HttpDeps): Endpoint[] => {
  const receive = createReceiver();

  const read = async ({ body, req, res }: Asked<Package>): Promise<CompiledFunction[]> => {
    checkCliVersion(req.get("user-agent"));
    return await receive(toReceived(body), untilClosed(res));
  };

  const preview = async (asked: Asked<Package>): Promise<Differences> => {
    const functions = await read(asked);
    const deployment = { environment: asked.environment.id, functions, mode: asked.body.deployMode ?? "all" };
    await explaining(checkDeploy(db, deployment));
    return toDifferences(await previewDeploy(db, deployment), await listDeployLosses(db, deployment));
  };

  const deploy = async (asked: Asked<z.output<typeof DeployBody>>) => {
    const { reconcile, deployMode = "all", source } = asked.body;
    const functions = await read(asked);
    const mode = reconcile ? deployMode : "single";
    const deployment = { environment: asked.environment.id, functions, mode, source };
    await explaining(inTransaction(db, (client) => deployFunctions(client, deployment)));
    return toResults(functions);
  };

  return [
    endpoint(
      {
        ...shared,
        path: "/sync/deploy/confirmation",
        unaudited: "a preview changes nothing",
        says: "What a deployment would change",
        body: ConfirmationBody,
        answers: {
          200: { says: "What is new, changed and gone; unchanged functions stand nowhere.", body: Differences },
        },
        errors: ERRORS,
      },
      preview,
    ),
    endpoint(
      {
        ...shared,
        path: "/sync/deploy",
        says: "Deploy a folder of bundles",
        more: "All of it or nothing. Each bundle is a CommonJS text whose default export says what the function is.",
        body: DeployBody,
        answers: DEPLOYED,
        errors: ERRORS,
      },
      deploy,
    ),
    endpoint(
      {
        ...shared,
        path: "/sync/deploy/internal",
        says: "Deploy to the environment that is named",
        more: "The key decides on the environment here as everywhere: another name than its own is refused.",
        query: z.strictObject({ customEnvironment: Name }),
        body: DeployBody,
        answers: DEPLOYED,
        errors: [...ERRORS, "forbidden"],
      },
      async (asked) => {
        const { customEnvironment: name } = asked.query;
        if (name !== asked.environment.name) throw new AppError("forbidden", `This key is not of "${name}".`);
        return await deploy(asked);
      },
    ),
  ];
};
