// Exit codes that scripts tell apart: 10 a function does not compile, 11 a deployment failed, 12 a dry run failed.
import { hasCode } from "../errors.ts";

/** The action of a command, whose failures end the process with `code`; what does not compile ends it with 10 everywhere. */
export const failingWith =
  <Args extends unknown[]>(code: number, run: (...args: Args) => Promise<void>) =>
  async (...args: Args): Promise<void> => {
    try {
      await run(...args);
    } catch (error) {
      if (!hasCode(error, "function_compile_failed")) process.exitCode = code;
      throw error;
    }
  };
