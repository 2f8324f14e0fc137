// What is wrong with a function file, and where: the one shape all of compiling reports in.

/**
 * An error keeps its function from being deployed, a warning does not. `file` is relative to the folder; `line` and `column`
 * count from 1.
 */
export type Problem = {
  level: "error" | "warning";
  file: string;
  line?: number | undefined;
  column?: number | undefined;
  message: string;
};

export type Place = { line: number; column: number };

/** A file shared by many functions says the same thing each time: once is enough. */
export const withoutRepeats = (problems: Problem[]): Problem[] => {
  const seen = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  return [...seen.values()];
};
