// Which types the models of an environment become. Integrations that declare a model of one name share a type, as unified
// models want it, unless the first version of one contradicts: then it has a type of its own. What contradicts later is JSON.
// Decided by what was declared first, in the order of first deployments: a deployment never moves a model to another type.
import type { DeclaredModel } from "../../db/models.ts";
import { createNaming, type ModelNames, type TakenNames } from "./names.ts";
import { mergeShapes, type Shape, toShape } from "./shape.ts";

export type Model = ModelNames & { model: string; integrations: string[]; shape: Shape };

type Group = ModelNames & { model: string; first: Shape; members: DeclaredModel[] };

const join = (groups: Group[], declared: DeclaredModel): boolean => {
  const first = toShape(declared.first_schema);
  for (const group of groups) {
    const { shape, isContradiction } = mergeShapes(group.first, first);
    if (isContradiction) continue;
    group.first = shape;
    group.members.push(declared);
    return true;
  }
  return false;
};

const toModel = ({ type, field, model, members }: Group): Model[] => {
  const shapes = members.flatMap(({ schemas }) => schemas.map(toShape));
  if (shapes.length === 0) return []; // out of use, but its name stays taken
  const shape = shapes.reduce((sum, one) => mergeShapes(sum, one).shape);
  return [{ type, field, model, shape, integrations: members.map(({ integration }) => integration) }];
};

/** The models in use, each with its names; `declared` in the order of first deployments. */
export const toModels = (declared: DeclaredModel[], taken: TakenNames): Model[] => {
  const name = createNaming(taken);
  const byModel = new Map<string, Group[]>();
  const all: Group[] = [];
  for (const one of declared) {
    const groups = byModel.get(one.model) ?? [];
    byModel.set(one.model, groups);
    if (join(groups, one)) continue;
    const names = name(one.integration, one.model);
    const group: Group = { ...names, model: one.model, first: toShape(one.first_schema), members: [one] };
    groups.push(group);
    all.push(group);
  }
  return all.flatMap(toModel);
};
