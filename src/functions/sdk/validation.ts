// The checks of one run: records against their model, an action's input and output. What is wrong is refused, or reported.
import type { z } from "zod";
import type { RunContext } from "../protocol.ts";
import { fromWire } from "./errors.ts";
import { type Finding, inWords, nameOfRow, toFinding } from "./finding.ts";
import type { Log } from "./log.ts";
import { toPlain } from "./plain.ts";
import { createReport } from "./validation-report.ts";
import type { Validate } from "./validator.ts";
import type { Validators } from "./validators.ts";

/** Of one refusal; what is beyond is not looked for. */
const MOST_NAMED = 20;
const NAMED_IN_MESSAGE = 3;

/** What of a function file says what is right; `exported` is its default export. */
export type CheckedFile = { hash: string; exported: unknown };

type Errors = ReturnType<Validate>;

type CheckRows = (rows: unknown[], model: string) => void;

/** Rows of batchSave: `all` sees those of a whole call before any is sent, `page` those of each message. */
export type RowChecks = { all?: CheckRows; page?: CheckRows };

const own = (owner: unknown, name: string): unknown =>
  typeof owner === "object" && owner !== null && Object.hasOwn(owner, name) ? Reflect.get(owner, name) : undefined;

const refusal = (code: string, says: string, findings: Finding[]): Error => {
  const named = findings.slice(0, NAMED_IN_MESSAGE).map(inWords);
  const more = findings.length > NAMED_IN_MESSAGE ? ["and more"] : [];
  const problems = findings.map(({ subject, ...rest }) => (rest.id === undefined ? rest : { model: subject, ...rest }));
  const message = `${says}: ${[...named, ...more].join("; ")}`;
  return fromWire({ name: "ValidationError", message, code, payload: { problems } });
};

const findRows = function* (validate: Validate, rows: unknown[], model: string): Generator<Finding> {
  for (const [at, row] of rows.entries()) {
    for (const error of validate(row)) yield { ...toFinding(model, error), id: nameOfRow(row, at) };
  }
};

export type Validation = ReturnType<typeof createValidation>;

/** `end` reports what was let through and never rejects; everything else throws what is refused. */
export const createValidation = ({
  context,
  file,
  validatorOf,
  log,
}: {
  context: RunContext;
  file: CheckedFile;
  validatorOf: Validators;
  log: Log;
}) => {
  const { validation: mode = "off", scriptType } = context;
  const report = createReport(log);

  const ofModel = (model: string): Validate => {
    const schema = own(own(file.exported, "models"), model);
    if (schema === undefined) return () => []; // no such model: the host says so
    return validatorOf(file.hash, `models.${model}`, schema as z.ZodType);
  };

  const refuseRows: CheckRows = (rows, model) => {
    const found = [...findRows(ofModel(model), rows, model).take(MOST_NAMED)];
    if (found.length > 0) throw refusal("invalid_sync_record", `records of ${model} do not match its schema`, found);
  };

  const reportRows: CheckRows = (rows, model) => {
    const validate = ofModel(model);
    for (const [at, row] of rows.entries()) report.add(model, validate(row), () => nameOfRow(row, at));
  };

  /** What of a part is refused: in mode "warn" an input that zod itself would not take, as nothing has been done yet. */
  const refusedOf = (part: "input" | "output", schema: z.ZodType, value: unknown, errors: Errors): Errors => {
    if (mode === "enforce") return errors;
    if (part === "output" || context.isCLI === true) return [];
    return validatorOf(file.hash, "taken", schema)(value);
  };

  /** What an action takes or gives. Nothing at all is right where nothing is asked for. */
  const checkPart = (part: "input" | "output", given: unknown): void => {
    if (mode === "off" || scriptType !== "action") return;
    const schema = own(file.exported, part) as z.ZodType | undefined;
    if (schema === undefined || ((given ?? null) === null && schema.isOptional())) return;
    const value = toPlain(given) ?? null;
    const errors = validatorOf(file.hash, part, schema)(value);
    const refused = errors.length === 0 ? errors : refusedOf(part, schema, value, errors);
    if (refused.length === 0) {
      report.add(part, errors);
      return;
    }
    const found = refused.slice(0, MOST_NAMED).map((error) => toFinding(part, error));
    throw refusal(`invalid_action_${part}`, `the ${part} does not match its schema`, found);
  };

  const rows: RowChecks = { off: {}, warn: { page: reportRows }, enforce: { all: refuseRows } }[mode];
  return { rows, checkPart, end: report.end };
};
