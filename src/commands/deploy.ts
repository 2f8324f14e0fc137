// `syncline deploy [dir]`: compile a folder of functions and load them into the environment of the API key.
import { type Command, Option } from "commander";
import { readConfig } from "../config.ts";
import { AppError } from "../errors.ts";
import type { CompiledFunction } from "../functions/definition.ts";
import { createApi } from "./api.ts";
import { compileOrExplain } from "./compile-or-explain.ts";
import { countChanges, describeChanges, describeLosses } from "./deploy/describe.ts";
import { type Deployment, type Mode, planFunctions, sendFunctions } from "./deploy/send.ts";
import { failingWith } from "./exit-code.ts";
import { canAsk, confirm } from "./project/ask.ts";

type Options = {
  integration?: string[];
  sync?: string;
  action?: string;
  onEvent?: string;
  mode?: Mode;
  dryRun?: true;
  allowDestructive?: true;
  autoConfirm?: true;
  json?: true;
};

const DEPLOY_FAILED = 11;

const namedBy = ({ sync, action, onEvent }: Options) =>
  Object.entries({ sync, action, "on-event": onEvent }).filter(([, name]) => name !== undefined);

const pick = (functions: CompiledFunction[], options: Options): CompiledFunction[] => {
  const wanted = namedBy(options);
  if (wanted.length === 0) return functions;
  return wanted.flatMap(([kind, name]) => {
    const found = functions.filter((one) => one.kind === kind && one.name === name);
    if (found.length === 0) throw new AppError("not_found", `There is no ${kind} "${name}" here.`);
    return found;
  });
};

const modeOf = (options: Options): Mode => {
  if (options.mode !== undefined) return options.mode;
  if (namedBy(options).length > 0) return "single";
  return options.integration === undefined ? "all" : "integration";
};

// Ends a sync for every connection, and its checkpoint is forgotten: nobody should do that by deploying the wrong folder.
const allowLosses = async ({ changes, losses }: Deployment, options: Options): Promise<void> => {
  const removed = changes.filter(({ change }) => change === "removed");
  if ((removed.length === 0 && losses.length === 0) || options.allowDestructive) return;
  const says = [
    ...(removed.length === 0 ? [] : [`This would remove functions and end their syncs:\n${describeChanges(removed)}`]),
    ...(losses.length === 0 ? [] : [`These records would not be kept up to date any more:\n${describeLosses(losses)}`]),
  ].join("\n");
  const hint = "If that is wanted: --allow-destructive. To leave what is not given: --mode single.";
  if (options.json || options.autoConfirm || !canAsk()) throw new AppError("invalid_body", `${says}\n${hint}`);
  console.error(says);
  if (!(await confirm("Go on?", "The answer"))) throw new AppError("invalid_body", "Nothing was deployed.");
};

const run = async (dir: string, options: Options): Promise<void> => {
  const { serverUrl: url, serverKey: key } = readConfig();
  const api = createApi({ url, key });
  const functions = pick(await compileOrExplain(dir, { integrations: options.integration }), options);
  const mode = modeOf(options);
  const plan = await planFunctions(api, { functions, mode });
  if (!options.dryRun) await allowLosses(plan, options);
  const changes = options.dryRun ? plan.changes : await sendFunctions(api, { functions, mode });
  if (options.json) {
    console.log(JSON.stringify({ dry_run: options.dryRun === true, functions: changes, losses: plan.losses }));
    return;
  }
  if (changes.length > 0) console.log(describeChanges(changes));
  if (options.dryRun && plan.losses.length > 0) {
    console.log(`These records would not be kept up to date any more:\n${describeLosses(plan.losses)}`);
  }
  console.log(`${options.dryRun ? "Would deploy" : "Deployed"} to ${url}: ${countChanges(changes)}`);
};

export const addDeployCommand = (program: Command): void => {
  const mode = new Option(
    "--mode <mode>",
    "functions not given are removed: everywhere, in the integrations given only, or not",
  ).choices(["all", "integration", "single"]);
  program
    .command("deploy")
    .description("compile a folder of functions and load them into the environment of SYNCLINE_API_KEY")
    .argument("[dir]", "the folder that holds <integration>/syncs/<name>.ts", ".")
    .option("-i, --integration <name...>", "only the functions of these integrations")
    .option("-s, --sync <name>", "only this sync; removes nothing")
    .option("-a, --action <name>", "only this action; removes nothing")
    .option("--on-event <name>", "only this event function; removes nothing")
    .addOption(mode)
    .option("--dry-run", "only say what would change")
    .option("--allow-destructive", "go ahead although functions are removed and their syncs end")
    .option("--auto-confirm", "ask nothing: what would have to be asked is refused")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExit code 10: a function does not compile; 11: nothing was deployed for another reason.")
    .action(failingWith(DEPLOY_FAILED, run));
};
