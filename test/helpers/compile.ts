// Compiling in tests: in one isolate for all folders of a process, as starting one takes as long as a few compiles.
import { after } from "node:test";
import { type Compiled, type CompileOptions, createCompiler } from "../../src/functions/compile.ts";
import { createDescriber, type Describer } from "../../src/functions/compile-describe.ts";

let isolate: Promise<Describer> | undefined;
let last: Promise<unknown> = Promise.resolve();

after(async () => (await isolate)?.close());

/** What `compileFolder` of the product gives, one folder at a time. */
export const compileFolder = (dir: string, options?: CompileOptions): Promise<Compiled> => {
  const compile = async () => {
    isolate ??= createDescriber();
    return await createCompiler({ dir, given: await isolate }).compile(options);
  };
  const done = last.then(compile);
  last = done.catch(() => {});
  return done;
};
