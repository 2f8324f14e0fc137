// POST /functions/compile: what a text compiles to, or what is wrong with it.
import { z } from "zod";
import { compileCode, LONGEST_CODE } from "../../functions/compile-code.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";

/** The text of a file with one function. */
export const Code = z
  .string()
  .min(1)
  .max(LONGEST_CODE)
  .meta({ description: "A file as it stands in a folder: its default export is the function." });

const Compiled = z.strictObject({
  bundle_size_bytes: z.number().int(),
  bundled_js: z.string(),
  compiled_at: z.string(),
});

/** Compiling takes about a second, in a process of its own; no statement. */
export const functionCompileEndpoints = (): Endpoint[] => [
  endpoint(
    {
      method: "post",
      unaudited: "it changes nothing",
      path: "/functions/compile",
      tag: "Functions",
      says: "Compile a function",
      scope: "functions:compile",
      body: z.strictObject({ code: Code }),
      answers: { 200: { says: "The bundle.", body: Compiled } },
      errors: ["compilation_error", "execution_environment_unavailable"],
    },
    async ({ body: { code } }) => {
      const { bundle } = await compileCode({ integration: "function", name: "function", code });
      return {
        bundle_size_bytes: Buffer.byteLength(bundle),
        bundled_js: bundle,
        compiled_at: new Date().toISOString(),
      };
    },
  ),
];
