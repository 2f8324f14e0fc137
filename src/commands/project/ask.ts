// Questions to a person, on a terminal only: scripts get an error that names what is missing.
import { createInterface } from "node:readline/promises";
import { AppError } from "../../errors.ts";

/** True when somebody can answer. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** The answer, without spaces around it. Throws `invalid_settings` that names `missing` where nobody can answer. */
export const ask = async (question: string, missing: string): Promise<string> => {
  if (!canAsk()) throw new AppError("invalid_settings", `${missing} is missing.`);
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await reader.question(`${question} `)).trim();
  } finally {
    reader.close();
  }
};

/** True for y or yes. */
export const confirm = async (question: string, missing: string): Promise<boolean> =>
  /^y(es)?$/i.test(await ask(`${question} (y/N)`, missing));
