// One entry point after its bundle is made: what its text breaks, what it says it is, and whether it is a function at all.
import type { Bundled } from "./compile-bundle.ts";
import type { Unit } from "./compile-cache.ts";
import { type Declaration, findDeclaration } from "./compile-declaration.ts";
import type { Describer } from "./compile-describe.ts";
import type { Inputs } from "./compile-inputs.ts";
import { type Program, parseFile } from "./compile-parse.ts";
import type { Problem } from "./compile-problem.ts";
import { declarationProblems, entryProblems, helperProblems, type RuleProblem } from "./compile-rules.ts";

const NO_FUNCTION =
  "This file exports no function: move what others share out of the folders of functions, or list the functions in an index.ts.";

export type Examine = ReturnType<typeof createExamine>;

const isOwnSource = (file: string): boolean => /^(?!\.\.|node_modules\/)[^:]*\.[cm]?[jt]s$/.test(file);

/** Texts are parsed once, though many functions share a helper. */
export const createParser = ({ text }: Inputs) => {
  const programs = new Map<string, Program | undefined>();
  return (file: string): Program | undefined => {
    if (!programs.has(file)) programs.set(file, parseFile(text(file)));
    return programs.get(file);
  };
};

/** `isListed` when the file was named as a function; otherwise a file without a default export is only a misplaced helper. */
export const createExamine = (o: {
  program: (file: string) => Program | undefined;
  describer: Describer;
  isListed: boolean;
}) => {
  const placed = (file: string, problems: RuleProblem[]): Problem[] =>
    problems.map((problem) => ({ ...problem, file }));

  const inHelper = (file: string): Problem[] => {
    const program = o.program(file);
    return program === undefined ? [] : placed(file, helperProblems(program));
  };

  const inEntry = (file: string, declaration: Declaration, isFunction: boolean): Problem[] => {
    const program = o.program(file);
    const own = program === undefined ? [] : entryProblems(program, declaration);
    return placed(file, isFunction ? [...declarationProblems(declaration), ...own] : own);
  };

  return async ({ entry, bundle, inputs, problems }: Bundled): Promise<Partial<Unit> & { problems: Problem[] }> => {
    const { file } = entry;
    const program = o.program(file);
    const declaration = program === undefined ? {} : findDeclaration(program);
    const described = await o.describer.describe(entry, bundle, declaration);
    const isFunction = described.compiled !== undefined;
    if (!isFunction && !o.isListed && program !== undefined && declaration.exported === undefined) {
      return { problems: [{ level: "warning", file, message: NO_FUNCTION }] };
    }
    const helpers = inputs.filter((input) => input !== file && isOwnSource(input));
    const broken = [...inEntry(file, declaration, isFunction), ...helpers.flatMap(inHelper)];
    return { ...described, problems: [...described.problems, ...problems, ...broken] };
  };
};
