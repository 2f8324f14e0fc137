// What two files may not both claim: a name of one kind in an integration, and a model that two syncs would store.
import { findDeclaration, placeOfOption } from "./compile-declaration.ts";
import type { Inputs } from "./compile-inputs.ts";
import { parseFile } from "./compile-parse.ts";
import type { Problem } from "./compile-problem.ts";
import type { CompiledFunction } from "./definition.ts";

type Placed = { file: string; compiled: CompiledFunction };

type Claim = { key: string; file: string; path: string[]; says: (other: string) => string };

const nameClaim = ({ file, compiled: { kind, integration, name } }: Placed): Claim => ({
  key: JSON.stringify([kind, integration, name]),
  file,
  path: [],
  says: (other) => `There is another ${kind} "${name}" of "${integration}", in ${other}.`,
});

const modelClaims = ({ file, compiled: { integration, definition } }: Placed): Claim[] =>
  Object.keys(definition.models).map((model) => ({
    key: JSON.stringify([integration, model]),
    file,
    path: ["models", model],
    says: (other) => `The model "${model}" of "${integration}" is stored by another sync already, in ${other}.`,
  }));

const repeated = (claims: Claim[], { text }: Inputs): Problem[] => {
  const firsts = new Map<string, string>();
  return claims.flatMap(({ key, file, path, says }): Problem[] => {
    const other = firsts.get(key);
    if (other === undefined) {
      firsts.set(key, file);
      return [];
    }
    const program = parseFile(text(file));
    const place = program && placeOfOption(findDeclaration(program), path);
    return [{ level: "error", file, ...place, message: says(other) }];
  });
};

export const duplicateProblems = (placed: Placed[], inputs: Inputs): Problem[] => [
  ...repeated(placed.map(nameClaim), inputs),
  ...repeated(placed.flatMap(modelClaims), inputs),
];
